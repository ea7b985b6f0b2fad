"""What `include` adds to the answer about tasks (reference/teamwork-api §2.2, §2.3)."""

from collections.abc import Callable, Iterable, Sequence

from ticketsync.sandbox.teamwork.custom_fields import field_view
from ticketsync.sandbox.teamwork.custom_values import value_view
from ticketsync.sandbox.teamwork.errors import invalid
from ticketsync.sandbox.teamwork.people import COMPANY_ID, person_view
from ticketsync.sandbox.teamwork.projects import project_view
from ticketsync.sandbox.teamwork.records import CustomValue, File, Task
from ticketsync.sandbox.teamwork.shapes import iso
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.tags import tag_view
from ticketsync.sandbox.teamwork.task_views import task_view
from ticketsync.sandbox.teamwork.tasklists import tasklist_view

Rows = Iterable[Json]


def file_view(file: File) -> Json:
    return {
        "id": file.id,
        "displayName": file.name,
        "originalName": file.name,
        "uploadedBy": file.uploaded_by,
        "uploadedAt": iso(file.uploaded_at),
    }


def _users(site: Site, tasks: Sequence[Task]) -> Rows:
    ids = {i for t in tasks for i in (*t.assignee_ids, t.created_by, t.updated_by, t.completed_by, t.deleted_by) if i}
    return (person_view(site.person(i)) for i in sorted(ids))


def _projects(site: Site, tasks: Sequence[Task]) -> Rows:
    return (project_view(p) for p in {site.project_of(t).id: site.project_of(t) for t in tasks}.values())


def _tasklists(site: Site, tasks: Sequence[Task]) -> Rows:
    return (tasklist_view(site.state.tasklists[i]) for i in sorted({t.tasklist_id for t in tasks}))


def _tags(site: Site, tasks: Sequence[Task]) -> Rows:
    return (tag_view(site.tag(i)) for i in sorted({i for t in tasks for i in t.tag_ids}))


def _parents(site: Site, tasks: Sequence[Task]) -> Rows:
    return (task_view(site, site.state.tasks[i]) for i in sorted({t.parent_id for t in tasks if t.parent_id}))


def _files(site: Site, tasks: Sequence[Task]) -> Rows:
    ids = {t.id for t in tasks}
    return (file_view(file) for file in site.state.files.values() if file.task_id in ids)


def _companies(_site: Site, tasks: Sequence[Task]) -> Rows:
    return ({"id": COMPANY_ID, "name": "Sandbox"} for _ in tasks[:1])


def _values(site: Site, tasks: Sequence[Task]) -> list[CustomValue]:
    ids = {t.id for t in tasks}
    return [value for value in site.state.custom_values.values() if value.task_id in ids]


def _custom_values(site: Site, tasks: Sequence[Task]) -> Rows:
    return (value_view(value) for value in _values(site, tasks))


def _custom_fields(site: Site, tasks: Sequence[Task]) -> Rows:
    return (field_view(site.custom_field(i)) for i in sorted({v.field_id for v in _values(site, tasks)}))


SIDELOADS: dict[str, tuple[str, Callable[[Site, Sequence[Task]], Rows]]] = {
    "users": ("users", _users),
    "projects": ("projects", _projects),
    "tasklists": ("tasklists", _tasklists),
    "tags": ("tags", _tags),
    "companies": ("companies", _companies),
    "parenttasks": ("tasks", _parents),
    "attachments": ("files", _files),
    "customfields": ("customfields", _custom_fields),
    "customfieldtasks": ("customfieldTasks", _custom_values),
}


def included(site: Site, tasks: Sequence[Task], words: Iterable[str]) -> Json:
    """Maps keyed by id as string. Words the sandbox does not know are ignored, in strict mode refused."""
    answer: Json = {}
    for word in words:
        if word.lower() in SIDELOADS:
            key, load = SIDELOADS[word.lower()]
            answer[key] = {str(row["id"]): row for row in load(site, tasks)}
        elif site.switches.strict:
            raise invalid(f"include '{word}' is not known")
    return answer

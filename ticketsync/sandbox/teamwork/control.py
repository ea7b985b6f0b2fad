"""The control API of the Teamwork sandbox, beside `/sandbox/faults` and `/sandbox/calls`; no key needed.

What people do by hand is not here: call the API with their key. Here is what only happens behind the scenes.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ticketsync.sandbox.faults import WRITES, FaultList
from ticketsync.sandbox.teamwork.people import person_view
from ticketsync.sandbox.teamwork.projects import project_view
from ticketsync.sandbox.teamwork.quota import Meter, QuotaMiddleware
from ticketsync.sandbox.teamwork.records import File, Person, Task
from ticketsync.sandbox.teamwork.seed import seeded
from ticketsync.sandbox.teamwork.settings import SYNC_USER_ID, Switches, TeamworkSettings
from ticketsync.sandbox.teamwork.sideloads import file_view
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.task_views import task_view
from ticketsync.sandbox.teamwork.tasklists import tasklist_view

MOST_IMPORTED = 100_000


@dataclass(frozen=True)
class Controlled:
    """The parts of a sandbox that can be looked at and changed from here."""

    settings: TeamworkSettings
    initial_switches: Switches
    site: Site
    faults: FaultList
    meter: Meter
    quota: QuotaMiddleware

    def set_switches(self, changes: Json) -> Switches:
        """All or none. Raises ValidationError for an unknown switch or position."""
        switches = self.site.switches
        new = Switches.model_validate(switches.model_dump() | changes)
        for name in Switches.model_fields:
            setattr(switches, name, getattr(new, name))
        return switches

    def start_over(self) -> None:
        self.site.start_over(seeded(self.settings, self.site.now()))
        self.set_switches(self.initial_switches.model_dump())
        self.faults.clear()
        self.faults.calls.clear()
        self.meter.times.clear()
        self.quota.start_over()


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Import(_Asked):
    """`count` tasks at once. `{n}` in name and description becomes 1, 2, 3 …; `created_by` is a person's id."""

    count: int = Field(ge=1, le=MOST_IMPORTED)
    tasklist_id: int
    name: str = "Imported task {n}"
    description: str | None = None
    created_by: int = SYNC_USER_ID
    created_at: AwareDatetime | None = None


class ProjectState(_Asked):
    """`hidden`: the project and all in it answer 404 to everybody."""

    hidden: bool = False
    archived: bool = False


class TasklistState(_Asked):
    completed: bool


class NewPerson(_Asked):
    first_name: str
    last_name: str
    email: str
    key: str | None = None
    project_ids: list[int] = []


class NewFile(_Asked):
    name: str
    person_id: int = SYNC_USER_ID


def switch_routes(controlled: Controlled) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.get("/switches")
    async def show_switches() -> Switches:
        return controlled.site.switches

    @router.patch("/switches")
    async def change_switches(changes: dict[str, Any]) -> Switches:
        return controlled.set_switches(changes)

    @router.post("/reset", status_code=204)
    async def reset() -> None:
        """As it was at the very start: site, switches, faults and counts."""
        controlled.start_over()

    @router.get("/usage")
    async def usage() -> Json:
        return _usage(controlled)

    return router


def _usage(controlled: Controlled) -> Json:
    """`by_route`: method and path → calls. `refused`: by the quota. `max_per_minute`: of all calls, in any 60 s."""
    calls = controlled.faults.calls
    return {
        "calls": len(calls),
        "writes": sum(1 for call in calls if call.method in WRITES),
        "refused": controlled.quota.refused,
        "max_per_minute": controlled.meter.max_per_minute(),
        "by_route": dict(Counter(f"{call.method} {call.path}" for call in calls)),
    }


def task_routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.get("/tasks")
    async def list_tasks() -> Json:
        """Every task ever made, trash and hidden projects included."""
        tasks = [task_view(site, task) for task in site.state.tasks.values()]
        return {"count": len(tasks), "tasks": tasks}

    @router.post("/tasks/import", status_code=201)
    async def import_tasks(asked: Import) -> Json:
        return {"ids": _imported(site, asked)}

    @router.post("/tasks/{task_id}/files", status_code=201)
    async def attach_file(task_id: int, asked: NewFile) -> Json:
        file = File(
            id=site.new_id(),
            task_id=site.task(task_id).id,
            name=asked.name,
            uploaded_by=site.person(asked.person_id).id,
            uploaded_at=site.now(),
        )
        site.state.files[file.id] = file
        return {"file": file_view(file)}

    return router


def _imported(site: Site, asked: Import) -> list[int]:
    tasklist, person = site.tasklist(asked.tasklist_id), site.person(asked.created_by)
    moment = (asked.created_at or site.now()).replace(microsecond=0)
    made = [
        site.put_task(
            Task(
                id=site.new_id(),
                tasklist_id=tasklist.id,
                name=asked.name.replace("{n}", str(n)),
                description=asked.description and asked.description.replace("{n}", str(n)),
                created_by=person.id,
                created_at=moment,
                updated_by=person.id,
                updated_at=moment,
            )
        )
        for n in range(1, asked.count + 1)
    ]
    return [task.id for task in made]


def place_routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.put("/projects/{project_id}")
    async def change_project(project_id: int, asked: ProjectState) -> Json:
        project = site.state.projects.get(project_id) or site.project(project_id)
        site.state.projects[project_id] = replace(project, hidden=asked.hidden, archived=asked.archived)
        return {"project": project_view(site.state.projects[project_id])}

    @router.put("/tasklists/{tasklist_id}")
    async def change_tasklist(tasklist_id: int, asked: TasklistState) -> Json:
        tasklist = replace(site.tasklist(tasklist_id), completed=asked.completed)
        site.state.tasklists[tasklist_id] = tasklist
        return {"tasklist": tasklist_view(tasklist)}

    return router


def people_routes(site: Site) -> APIRouter:
    router = APIRouter(prefix="/sandbox")

    @router.post("/people", status_code=201)
    async def add_person(asked: NewPerson) -> Json:
        return {"person": person_view(_added(site, asked))}

    @router.delete("/people/{person_id}", status_code=204)
    async def delete_person(person_id: int) -> None:
        """The person's key stops working; tasks keep the person."""
        site.state.people[person_id] = replace(site.person(person_id), deleted=True, updated_at=site.now())

    @router.delete("/projects/{project_id}/people/{person_id}", status_code=204)
    async def remove_member(project_id: int, person_id: int) -> None:
        project, person = site.project(project_id), site.person(person_id)
        site.state.projects[project.id] = replace(project, member_ids=project.member_ids - {person.id})

    return router


def _added(site: Site, asked: NewPerson) -> Person:
    now = site.now()
    person = Person(
        id=site.new_id(),
        first_name=asked.first_name,
        last_name=asked.last_name,
        email=asked.email,
        created_at=now,
        updated_at=now,
    )
    projects = [site.project(project_id) for project_id in asked.project_ids]
    site.state.people[person.id] = person
    for project in projects:
        site.state.projects[project.id] = replace(project, member_ids=project.member_ids | {person.id})
    if asked.key:
        site.state.keys[asked.key] = person.id
    return person

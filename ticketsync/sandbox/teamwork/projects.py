"""Projects and their members (reference/teamwork-api §3)."""

from dataclasses import replace

from pydantic import AwareDatetime, Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, Ids, NoBody, Words, WriteQuery, read, write
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.people import COMPANY_ID
from ticketsync.sandbox.teamwork.records import Project
from ticketsync.sandbox.teamwork.shapes import iso, ok, ref
from ticketsync.sandbox.teamwork.site import Json
from ticketsync.sandbox.teamwork.versions import V1, V3


class ProjectsQuery(PageQuery):
    """`include_archived_projects`: archived ones are hidden by default, as their tasks are."""

    search_term: str = ""
    project_ids: Ids = ()
    project_statuses: Words = ()
    updated_after: AwareDatetime | None = None
    include_archived_projects: bool = False


class NewProject(Body):
    name: str = Field(min_length=1)
    description: str = ""
    company_id: int = COMPANY_ID


class NewProjectBody(Body):
    project: NewProject


class MembersBody(Body):
    user_ids: list[int]


def project_view(project: Project) -> Json:
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "status": "archived" if project.archived else "active",
        "type": "normal",
        "company": ref(COMPANY_ID, "companies"),
        "companyId": COMPANY_ID,
        "projectOwner": ref(project.created_by, "users"),
        "tags": [],
        "startAt": None,
        "endAt": None,
        "createdBy": project.created_by,
        "createdAt": iso(project.created_at),
        "updatedAt": iso(project.updated_at),
    }


def _matches(query: ProjectsQuery, project: Project) -> bool:
    status = "archived" if project.archived else "active"
    return (
        not project.hidden
        and query.search_term.casefold() in project.name.casefold()
        and (not query.project_ids or project.id in query.project_ids)
        and (status in query.project_statuses if query.project_statuses else _by_default(query, project))
        and (query.updated_after is None or project.updated_at > query.updated_after)
    )


def _by_default(query: ProjectsQuery, project: Project) -> bool:
    return query.include_archived_projects or not project.archived


def list_projects(call: Call[ProjectsQuery, NoBody]) -> Response:
    found = [project_view(p) for p in call.site.state.projects.values() if _matches(call.query, p)]
    return list_answer("projects", found, call.query)


def show_project(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"project": project_view(call.site.project(call.ids["project_id"])), "included": {}})


def create_project(call: Call[WriteQuery, NewProjectBody]) -> Response:
    site, now, new = call.site, call.site.now(), call.body.project
    project = Project(
        id=site.new_id(),
        name=new.name,
        description=new.description,
        created_by=call.person.id,
        created_at=now,
        updated_at=now,
        member_ids=frozenset({call.person.id}),
    )
    site.state.projects[project.id] = project
    return ok({"id": str(project.id)}, status=201)


def add_members(call: Call[WriteQuery, MembersBody]) -> Response:
    site, asked = call.site, set(call.body.user_ids)
    project = site.project(call.ids["project_id"])
    valid = {i for i in asked if (person := site.state.people.get(i)) and not person.deleted}
    site.state.projects[project.id] = replace(project, member_ids=project.member_ids | valid, updated_at=site.now())
    return JSONResponse(
        {
            "usersAdded": sorted(valid - project.member_ids),
            "usersNotAdded": sorted(asked - valid),
            "usersAlreadyInProject": sorted(valid & project.member_ids),
            "teamIds": [],
            "info": [],
        }
    )


routes: list[BaseRoute] = [
    read(V3, "/projects", list_projects, ProjectsQuery),
    read(V3, "/projects/{project_id:int}", show_project, ReadQuery),
    write("PUT", V3, "/projects/{project_id:int}/people", add_members, MembersBody),
    write("POST", V1, "/projects", create_project, NewProjectBody),
]

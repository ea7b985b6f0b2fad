"""People and who I am (reference/teamwork-api §1.5, §3)."""

from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Call, Ids, NoBody, read
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import Person
from ticketsync.sandbox.teamwork.shapes import iso, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.versions import V3

COMPANY_ID = 300_001


class PeopleQuery(PageQuery):
    search_term: str = ""
    ids: Ids = ()
    project_ids: Ids = ()
    updated_after: AwareDatetime | None = None
    show_deleted: bool = False


def person_view(person: Person) -> Json:
    return {
        "id": person.id,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "title": "",
        "email": person.email,
        "type": "account",
        "isAdmin": person.is_admin,
        "company": ref(COMPANY_ID, "companies"),
        "companyId": COMPANY_ID,
        "deleted": person.deleted,
        "createdAt": iso(person.created_at),
        "updatedAt": iso(person.updated_at),
    }


def _matches(site: Site, query: PeopleQuery, person: Person) -> bool:
    return (
        (query.show_deleted or not person.deleted)
        and query.search_term.casefold() in f"{person.name}\n{person.email}".casefold()
        and (not query.ids or person.id in query.ids)
        and (not query.project_ids or any(person.id in site.project(p).member_ids for p in query.project_ids))
        and (query.updated_after is None or person.updated_at > query.updated_after)
    )


def _people(site: Site, query: PeopleQuery) -> list[Json]:
    return [person_view(person) for person in site.state.people.values() if _matches(site, query, person)]


def list_people(call: Call[PeopleQuery, NoBody]) -> Response:
    return list_answer("people", _people(call.site, call.query), call.query)


def list_members(call: Call[PeopleQuery, NoBody]) -> Response:
    project = call.site.project(call.ids["project_id"])
    members = [row for row in _people(call.site, call.query) if row["id"] in project.member_ids]
    return list_answer("people", members, call.query)


def show_person(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"person": person_view(call.site.person(call.ids["person_id"])), "included": {}})


def show_me(call: Call[ReadQuery, NoBody]) -> Response:
    me = person_view(call.person) | {"siteOwner": call.person.is_admin, "inOwnerCompany": True}
    return JSONResponse({"person": me, "included": {}})


routes: list[BaseRoute] = [
    read(V3, "/me", show_me, ReadQuery),
    read(V3, "/people", list_people, PeopleQuery),
    read(V3, "/people/{person_id:int}", show_person, ReadQuery),
    read(V3, "/projects/{project_id:int}/people", list_members, PeopleQuery),
]

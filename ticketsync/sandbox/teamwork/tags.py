"""Tags of the site and of its projects (reference/teamwork-api §5.1)."""

from collections.abc import Iterable
from dataclasses import replace

from pydantic import Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, Ids, NoBody, Words, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import Refused
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import Tag
from ticketsync.sandbox.teamwork.shapes import ref_or_none
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.versions import V3

DEFAULT_COLOR = "#d84640"


class TagsQuery(PageQuery):
    """`item_type` is accepted: all tags of the sandbox serve every type of item."""

    search_term: str = ""
    project_ids: Ids = ()
    item_type: Words = ()


class TagFields(Body):
    """The name has to stay under 50 characters."""

    name: str = Field("", max_length=49)
    color: str = DEFAULT_COLOR
    project_id: int | None = None


class NewTag(TagFields):
    name: str = Field(min_length=1, max_length=49)


class TagBody(Body):
    tag: TagFields


class NewTagBody(Body):
    tag: NewTag


def tag_view(tag: Tag) -> Json:
    return {
        "id": tag.id,
        "name": tag.name,
        "color": tag.color,
        "project": ref_or_none(tag.project_id, "projects"),
        "projectId": tag.project_id,
    }


def tag_named(site: Site, name: str, project_id: int) -> Tag | None:
    """The tag of that name which the project can use; upper and lower case are the same."""
    usable = (tag for tag in site.state.tags.values() if tag.project_id in {0, project_id})
    return next((tag for tag in usable if tag.name.casefold() == name.casefold()), None)


def ids_of_names(site: Site, names: Iterable[str], project_id: int) -> tuple[int, ...]:
    """Tags by name, made for the whole site when missing."""
    return tuple((tag_named(site, name, project_id) or _add(site, NewTag(name=name))).id for name in names)


def _add(site: Site, new: TagFields) -> Tag:
    tag = Tag(id=site.new_id(), name=new.name, color=new.color, project_id=new.project_id or 0)
    site.state.tags[tag.id] = tag
    return tag


def list_tags(call: Call[TagsQuery, NoBody]) -> Response:
    query = call.query
    found = [
        tag_view(tag)
        for tag in call.site.state.tags.values()
        if query.search_term.casefold() in tag.name.casefold()
        and (not query.project_ids or tag.project_id in query.project_ids)
    ]
    return list_answer("tags", found, query)


def show(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"tag": tag_view(call.site.tag(call.ids["tag_id"]))})


def create(call: Call[WriteQuery, NewTagBody]) -> Response:
    site, new = call.site, call.body.tag
    existing = tag_named(site, new.name, new.project_id or 0)
    if existing and site.switches.duplicate_tag == 409:  # noqa: PLR2004 - an HTTP status
        raise Refused(409, "a tag of that name exists")
    return JSONResponse({"tag": tag_view(existing or _add(site, new))}, status_code=201)


def update(call: Call[WriteQuery, TagBody]) -> Response:
    site, changes = call.site, call.body.tag.model_dump(exclude_unset=True, exclude_none=True)
    tag = site.tag(call.ids["tag_id"])
    same_name = tag_named(site, changes.get("name", ""), tag.project_id)
    if same_name and same_name.id != tag.id:
        raise Refused(409, "a tag of that name exists")
    site.state.tags[tag.id] = replace(tag, **changes)
    return JSONResponse({"tag": tag_view(site.state.tags[tag.id])})


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    site, tag = call.site, call.site.tag(call.ids["tag_id"])
    del site.state.tags[tag.id]
    for task in [t for t in site.state.tasks.values() if tag.id in t.tag_ids]:
        site.put_task(replace(task, tag_ids=tuple(i for i in task.tag_ids if i != tag.id)))
    for log in [one for one in site.state.time_logs.values() if tag.id in one.tag_ids]:
        site.state.time_logs[log.id] = replace(log, tag_ids=tuple(i for i in log.tag_ids if i != tag.id))
    return Response(status_code=204)


routes: list[BaseRoute] = [
    read(V3, "/tags", list_tags, TagsQuery),
    read(V3, "/tags/{tag_id:int}", show, ReadQuery),
    write("POST", V3, "/tags", create, NewTagBody),
    write("PATCH", V3, "/tags/{tag_id:int}", update, TagBody),
    write("PUT", V3, "/tags/{tag_id:int}", update, TagBody),
    write("DELETE", V3, "/tags/{tag_id:int}", delete, NoBody),
]

"""Comments of tasks: written by v1, read by v3 (reference/teamwork-api §4)."""

import html
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from pydantic import AliasChoices, AwareDatetime, Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, Query, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import invalid, not_found
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import Comment
from ticketsync.sandbox.teamwork.shapes import iso, iso_or_none, ok, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.versions import V1, V1_ALIAS, V3

ContentType = Literal["TEXT", "HTML"]


class CommentsQuery(PageQuery):
    updated_after: AwareDatetime | None = None


class NewComment(Body):
    """`notify` is accepted in all its forms: the sandbox sends no mail."""

    body: str = ""
    content_type: ContentType = Field("TEXT", validation_alias=AliasChoices("contentType", "content-type"))
    notify: Any = None


class NewCommentBody(Body):
    comment: NewComment


class CommentChanges(Body):
    """An update honours `content-type` only, not the spelling in camel case."""

    body: str = ""
    content_type: ContentType | None = Field(None, alias="content-type")
    notify: Any = None


class CommentChangesBody(Body):
    comment: CommentChanges


def comment_view(site: Site, comment: Comment) -> Json:
    task = site.state.tasks[comment.task_id]
    return {
        "id": comment.id,
        "body": comment.body,
        "htmlBody": comment.body if comment.content_type == "HTML" else f"<p>{html.escape(comment.body)}</p>",
        "contentType": comment.content_type,
        "object": ref(comment.task_id, "tasks"),
        "objectId": comment.task_id,
        "objectType": "task",
        "project": ref(site.project_of(task).id, "projects"),
        "postedBy": comment.posted_by,
        "postedByUserId": comment.posted_by,
        "postedDateTime": iso(comment.posted_at),
        "lastEditedBy": comment.edited_by,
        "dateLastEdited": iso_or_none(comment.edited_at),
        "deleted": False,
        "deletedBy": None,
        "dateDeleted": None,
    }


def _answer(call: Call[CommentsQuery, NoBody], comments: Iterable[Comment]) -> Response:
    after = call.query.updated_after
    shown = [
        comment_view(call.site, comment)
        for comment in comments
        if not comment.deleted_at and (after is None or (comment.edited_at or comment.posted_at) > after)
    ]
    return list_answer("comments", shown, call.query)


def list_all(call: Call[CommentsQuery, NoBody]) -> Response:
    site = call.site
    reachable = (t.id for t in site.state.tasks.values() if not t.deleted_at and not site.project_of(t).hidden)
    ids = frozenset(reachable)
    return _answer(call, (c for c in site.state.comments.values() if c.task_id in ids))


def list_of_task(call: Call[CommentsQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    return _answer(call, (c for c in call.site.state.comments.values() if c.task_id == task.id))


def show(call: Call[ReadQuery, NoBody]) -> Response:
    """The key is the plural although it holds one comment."""
    return JSONResponse({"comments": comment_view(call.site, call.site.comment(call.ids["comment_id"])), "meta": {}})


def _required(body: str) -> str:
    if not body:
        raise invalid("Field 'body' is required")
    return body


def create(call: Call[WriteQuery, NewCommentBody]) -> Response:
    site, new = call.site, call.body.comment
    comment = Comment(
        id=site.new_id(),
        task_id=site.task(call.ids["task_id"]).id,
        body=_required(new.body),
        content_type=new.content_type,
        posted_by=call.person.id,
        posted_at=site.now(),
    )
    site.state.comments[comment.id] = comment
    return ok({"id": str(comment.id)}, status=201)


def update(call: Call[WriteQuery, CommentChangesBody]) -> Response:
    site, new = call.site, call.body.comment
    comment = site.comment(call.ids["comment_id"])
    site.state.comments[comment.id] = replace(
        comment,
        body=_required(new.body),
        content_type=new.content_type or comment.content_type,
        edited_by=call.person.id,
        edited_at=site.now(),
    )
    return ok()


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    site, comment = call.site, call.site.comment(call.ids["comment_id"])
    site.state.comments[comment.id] = replace(comment, deleted_by=call.person.id, deleted_at=site.now())
    return ok()


def no_v3_create(_call: Call[WriteQuery, NoBody]) -> Response:
    raise not_found("entity")


def no_v1_alias_list(_call: Call[Query, NoBody]) -> Response:
    raise not_found("entity")


_OF_TASK = "/tasks/{task_id:int}/comments"
_ONE = "/comments/{comment_id:int}"

routes: list[BaseRoute] = [
    read(V3, "/comments", list_all, CommentsQuery),
    read(V3, _ONE, show, ReadQuery),
    read(V3, _OF_TASK, list_of_task, CommentsQuery),
    write("POST", V3, _OF_TASK, no_v3_create, NoBody),
    read(V1_ALIAS, _OF_TASK, no_v1_alias_list, Query),
    *(write("POST", version, _OF_TASK, create, NewCommentBody) for version in (V1, V1_ALIAS)),
    *(write("PUT", version, _ONE, update, CommentChangesBody) for version in (V1, V1_ALIAS)),
    *(write("DELETE", version, _ONE, delete, NoBody) for version in (V1, V1_ALIAS)),
]

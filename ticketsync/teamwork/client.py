"""Teamwork's REST API as far as we use it: v3, and v1 where v3 has no such call (reference/teamwork-api §0.1).

Every call takes a turn from the site's quota first and ends within ten seconds. All methods raise TeamworkError.
Teamwork ignores fields it does not know without a word (§1.4), so every write is held against what its answer shows.
"""

import asyncio
import html
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from ticketsync.limiter import QuotaExceeded, SiteQuota
from ticketsync.teamwork.answers import ASSIGNEES, Call, Json, json_of
from ticketsync.teamwork.errors import AnswerLost, NotAMember, NotSent, NoTurn, RateLimited, Refused, Unexpected
from ticketsync.teamwork.marker import markers_in
from ticketsync.teamwork.models import Comment, Person, Project, Task, TaskList, TaskPage, TimeLog

V3 = "/projects/api/v3"
CALL_SECONDS = 10.0
# Sending may only begin after waiting for a place in the pool, a connection and TLS: three times three seconds.
TIMEOUT = httpx.Timeout(CALL_SECONDS, connect=3.0, pool=3.0)
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=20.0)
HEADERS = {"Accept": "application/json"}
TASK_OPTIONS = {"notify": False, "checkInvalidusers": True}
PAGE_SIZE = 250
MOST_PAGES = 200  # beyond 50,000 rows the site refuses (§2.8)

M = TypeVar("M", bound=BaseModel)
Params = Mapping[str, str | int]


class TeamworkClient:
    """One site as one user. Keeps one pool of connections, its own unless `http` is given: end it with `aclose`.

    base_url: `https://…`, the site's address. api_token: the user's API key.
    """

    def __init__(
        self, *, base_url: str, api_token: str, quota: SiteQuota, http: httpx.AsyncClient | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._auth = httpx.BasicAuth(api_token, "x")  # the key is the user name, the password is not read (§1.1)
        self._quota = quota
        self._http = http or httpx.AsyncClient(limits=LIMITS)
        self._own_http = http is None

    async def aclose(self) -> None:
        if self._own_http:
            await self._http.aclose()

    # --- people and places

    async def me(self) -> Person:
        """The user of the API key."""
        return await self._read(Person, f"{V3}/me.json", "person")

    async def project(self, project_id: int) -> Project:
        return await self._read(Project, f"{V3}/projects/{project_id}.json", "project")

    async def project_people(self, project_id: int) -> list[Person]:
        """The project's members, all pages."""
        return await self._read_all(Person, f"{V3}/projects/{project_id}/people.json", "people")

    async def people(self) -> list[Person]:
        """Everybody on the site, all pages."""
        return await self._read_all(Person, f"{V3}/people.json", "people")

    async def tasklists(self, project_id: int) -> list[TaskList]:
        """The project's task lists, without completed ones, all pages."""
        return await self._read_all(TaskList, f"{V3}/projects/{project_id}/tasklists.json", "tasklists")

    async def create_tasklist(self, project_id: int, name: str) -> int:
        """The new list's id. Not idempotent: a second call makes a second list."""
        call = Call("POST", f"/projects/{project_id}/tasklists.json")
        body = await self._request(call, json={"todo-list": {"name": name}})
        made = {"id": body.get("tasklistId") or body.get("TASKLISTID")}
        return _parsed(TaskList, {"tasklist": made}, "tasklist", call).id

    # --- tasks

    async def create_task(self, tasklist_id: int, *, name: str, description: str, assignee_id: int | None) -> Task:
        """The new task. Not idempotent: a second call makes a second task.

        Raises NotAMember when the assignee is refused; then nothing was created. An assignee that the site dropped
        without a word shows in the `assignee_ids` of the task.
        """
        fields = {"name": name, "description": description, "assignees": _assignees(assignee_id)}
        call = Call("POST", f"{V3}/tasklists/{tasklist_id}/tasks.json", assigns=assignee_id is not None)
        return await self._write_task(call, fields)

    async def task(self, task_id: int) -> Task:
        """The task with its subtasks and the number of its files.

        One in the trash is NotFound or `is_deleted`: which of them the site answers is not known (§10.1).
        """
        query = {"includeRelatedTasks": "true", "include": "attachments"}
        return await self._read(Task, f"{V3}/tasks/{task_id}.json", "task", query)

    async def rename_task(self, task_id: int, name: str) -> Task:
        """Raises Unexpected when the answer shows another name, white space and the like aside."""
        call = _update(task_id)
        task = await self._write_task(call, {"name": name})
        if _plain(task.name) != _plain(name):
            raise _not_taken(call, "name")
        return task

    async def assign_task(self, task_id: int, user_id: int | None) -> Task:
        """Give the task to one person, or with None to nobody.

        Raises NotAMember when the person is refused or dropped without a word, Unexpected when others stayed.
        """
        call = _update(task_id, assigns=user_id is not None)
        task = await self._write_task(call, {"assignees": _assignees(user_id)})
        if user_id is not None and "assignee_ids" in task.model_fields_set and user_id not in task.assignee_ids:
            raise NotAMember(str(call), status=200, sent=True, field=ASSIGNEES)
        if task.assignee_ids != (() if user_id is None else (user_id,)):
            raise _not_taken(call, ASSIGNEES)
        return task

    async def describe_task(self, task_id: int, description: str) -> Task:
        """Raises Unexpected when the answer lacks a marker of the description: its text may come back reworked."""
        call = _update(task_id)
        task = await self._write_task(call, {"description": description})
        if not markers_in(description) <= markers_in(task.description):
            raise _not_taken(call, "description")
        return task

    async def complete_task(self, task_id: int) -> None:
        """Also succeeds for a task that is completed already (§2.5)."""
        try:
            await self._request(Call("PUT", f"/tasks/{task_id}/complete.json"))
        except Refused:
            if not (await self.task(task_id)).is_completed:
                raise

    async def reopen_task(self, task_id: int) -> None:
        """Also succeeds for a task that is open already (§2.5)."""
        try:
            await self._request(Call("PUT", f"/tasks/{task_id}/uncomplete.json"))
        except Refused:
            task = await self.task(task_id)
            if task.is_completed or task.is_deleted:
                raise

    async def delete_task(self, task_id: int) -> None:
        """Put the task and its subtasks into the trash. Raises NotFound when it is there already, or never was."""
        await self._request(Call("DELETE", f"{V3}/tasks/{task_id}.json"))

    async def restore_task(self, task_id: int) -> None:
        """Bring the task back from the trash. Raises NotFound when it is not in the trash, whatever else it is."""
        try:
            await self._request(Call("PUT", f"/trashcan/tasks/{task_id}/restore.json"))
        except Refused:
            if (await self.task(task_id)).is_deleted:
                raise

    async def tasks_page(
        self,
        project_id: int,
        *,
        created_after: datetime | None,
        created_by: Collection[int] | None,
        page: int = 1,
        page_size: int = PAGE_SIZE,
        newest_first: bool = False,
        search: str | None = None,
    ) -> TaskPage:
        """The project's tasks by creation time: completed ones, those of completed lists and the trash included.

        `created_by`: only those that one of these users made.
        """
        query = {
            **_everything(newest_first),
            **_filters(created_after, created_by, search),
            **_page(page, page_size),
        }
        call = Call("GET", f"{V3}/projects/{project_id}/tasks.json")
        body = await self._request(call, params=query)
        return TaskPage(tasks=tuple(_rows(Task, body, "tasks", call)), has_more=_has_more(body))

    async def tasks_by_id(self, task_ids: Collection[int]) -> list[Task]:
        """Those of these tasks that are on the site, completed ones and the trash included; ask for 250 at most.

        Raises Unexpected when the site answers with others too: then it did not heed the ids (§2.8).
        """
        if not task_ids:
            return []
        call, wanted = Call("GET", f"{V3}/tasks.json"), set(task_ids)
        query = {**_everything(newest_first=False), "ids": ",".join(map(str, wanted)), **_page(1, PAGE_SIZE)}
        tasks = _rows(Task, await self._request(call, params=query), "tasks", call)
        if not wanted >= {task.id for task in tasks}:
            raise Unexpected(str(call), status=200, field="tasks", cause="others than asked for")
        return tasks

    # --- what people did on a task

    async def comments(self, task_id: int) -> list[Comment]:
        """The task's comments, all pages, without deleted ones."""
        comments = await self._read_all(Comment, f"{V3}/tasks/{task_id}/comments.json", "comments")
        return [comment for comment in comments if not comment.deleted]

    async def time_logs(self, task_id: int) -> list[TimeLog]:
        """The time logged on the task, all pages, without deleted ones (§12)."""
        logs = await self._read_all(TimeLog, f"{V3}/tasks/{task_id}/time.json", "timelogs")
        return [log for log in logs if not log.deleted]

    # --- calls

    async def _read(self, model: type[M], path: str, key: str, params: Params | None = None) -> M:
        call = Call("GET", path)
        return _parsed(model, await self._request(call, params=params), key, call)

    async def _read_all(self, model: type[M], path: str, key: str) -> list[M]:
        call, found = Call("GET", path), list[M]()
        for page in range(1, MOST_PAGES + 1):
            body = await self._request(call, params=_page(page, PAGE_SIZE))
            rows = _rows(model, body, key, call)
            found += rows
            if not rows or not _has_more(body):
                break
        return found

    async def _write_task(self, call: Call, fields: Json) -> Task:
        body = await self._request(call, json={"task": fields, "taskOptions": TASK_OPTIONS})
        return _parsed(Task, body, "task", call)

    async def _request(self, call: Call, *, params: Params | None = None, json: Json | None = None) -> Json:
        """The JSON of a 2xx answer. Everything that can go wrong with a call becomes a TeamworkError here."""
        await self._turn(call)
        answer = await self._answer(call, params, json)
        try:
            return json_of(call, answer)
        except RateLimited as refused:
            await self._quota.hold(refused.retry_after or 0.0)
            raise

    async def _turn(self, call: Call) -> None:
        try:
            await self._quota.turn()
        except QuotaExceeded as full:
            raise NoTurn(str(call), retry_after=full.retry_after) from None

    async def _answer(self, call: Call, params: Params | None, json: Json | None) -> httpx.Response:
        url = f"{self._base_url}{call.path}"
        options: dict[str, Any] = {"params": params, "json": json, "headers": HEADERS, "auth": self._auth}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._http.request(call.method, url, timeout=TIMEOUT, follow_redirects=False, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NotSent(str(call), cause=f"{type(error).__name__} {error}".strip()) from None
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unexpected(str(call), sent=call.writes, cause=type(error).__name__) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerLost(str(call), cause=type(error).__name__) from None


def _update(task_id: int, *, assigns: bool = False) -> Call:
    return Call("PATCH", f"{V3}/tasks/{task_id}.json", assigns=assigns)


def _assignees(user_id: int | None) -> Json:
    """All four lists, because one left out might stay as it is (§2.4)."""
    return {"userIds": [] if user_id is None else [user_id], "companyIds": [], "teamIds": [], "jobRoleIds": []}


def _everything(newest_first: bool) -> dict[str, str | int]:
    shown = ("includeCompletedTasks", "showCompletedLists", "showDeleted", "includeArchivedProjects")
    return {**dict.fromkeys(shown, "true"), "orderBy": "createdat", "orderMode": "desc" if newest_first else "asc"}


def _filters(
    created_after: datetime | None, created_by: Collection[int] | None, search: str | None
) -> dict[str, str | int]:
    given: dict[str, str | int] = {}
    if created_after is not None:
        given["createdAfter"] = created_after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if created_by is not None:
        given["createdByUserIds"] = ",".join(map(str, created_by))
    if search is not None:
        given["searchTerm"] = search
    return given


def _page(page: int, page_size: int) -> dict[str, str | int]:
    return {"page": page, "pageSize": page_size, "skipCounts": "true"}


def _has_more(body: Json) -> bool:
    meta = body.get("meta")
    page = meta.get("page") if isinstance(meta, dict) else None
    return bool(page.get("hasMore")) if isinstance(page, dict) else False


def _rows(model: type[M], body: Json, key: str, call: Call) -> list[M]:
    rows = body.get(key)
    if not isinstance(rows, list):
        raise Unexpected(str(call), status=200, sent=call.writes, field=key)
    return [_parsed(model, {key: row}, key, call) for row in rows]


def _parsed(model: type[M], body: Json, key: str, call: Call) -> M:
    """`body[key]` as a model. Pydantic's own error would quote the values, which are ticket text."""
    try:
        return model.model_validate(body.get(key))
    except ValidationError as error:
        place = ".".join(str(part) for part in (key, *error.errors(include_input=False)[0]["loc"]))
    raise Unexpected(str(call), status=200, sent=call.writes, field=place)


def _not_taken(call: Call, field: str) -> Unexpected:
    return Unexpected(str(call), status=200, sent=True, field=field, cause="the answer does not show the change")


def _plain(text: str) -> str:
    """A name as far as it must come back: white space, HTML entities and composed letters may differ."""
    return " ".join(unicodedata.normalize("NFC", html.unescape(text)).split())

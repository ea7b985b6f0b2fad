"""Teamwork's REST API as far as we use it: v3, and v1 where v3 has no such call (reference/teamwork-api §0.1).

Every call takes a turn from the site's quota first and ends within ten seconds. All methods raise TeamworkError.
Teamwork ignores fields it does not know without a word (§1.4), so every write is held against what its answer shows.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ticketsync.counted_calls import CountCall, counted, not_counted
from ticketsync.limiter import QuotaExceeded, SiteQuota
from ticketsync.outgoing import followed
from ticketsync.teamwork.answers import ASSIGNEES, Call, Json, json_of
from ticketsync.teamwork.bodies import (
    M,
    Params,
    assignees,
    everything,
    filters,
    has_more,
    not_taken,
    page_query,
    parsed,
    plain,
    plain_tag,
    rows_of,
)
from ticketsync.teamwork.errors import (
    AnswerLost,
    NotAMember,
    NotFound,
    NotSent,
    NoTurn,
    RateLimited,
    Refused,
    TeamworkError,
    Unexpected,
    UnknownTaskList,
)
from ticketsync.teamwork.last_write import remember_write
from ticketsync.teamwork.marker import markers_in
from ticketsync.teamwork.models import Comment, Person, Project, Tag, Task, TaskList, TaskPage, TimeLog

V3 = "/projects/api/v3"
CALL_SECONDS = 10.0
# Sending may only begin after waiting for a place in the pool, a connection and TLS: three times three seconds.
TIMEOUT = httpx.Timeout(CALL_SECONDS, connect=3.0, pool=3.0)
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=20.0)
HEADERS = {"Accept": "application/json"}
PAGE_SIZE = 250
NO_PRIORITY = "none"
MOST_PAGES = 200  # beyond 50,000 rows the site refuses (§2.8)


class TeamworkClient:
    """One site as one user. Keeps one pool of connections, its own unless `http` is given: end it with `aclose`.

    base_url: `https://…`, the site's address. api_token: the user's API key. notify: whether Teamwork may send mail
    about what is written; only v3 writes have a say in that (§2.1). count: told of each call, by its answer's status.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_token: str,
        quota: SiteQuota,
        notify: bool = False,
        count: CountCall = not_counted,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._count = count
        self._base_url = base_url.rstrip("/")
        self._auth = httpx.BasicAuth(api_token, "x")  # the key is the user name, the password is not read (§1.1)
        self._quota = quota
        self._options = {"notify": notify, "checkInvalidusers": True}
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

    async def tasklist(self, tasklist_id: int) -> TaskList:
        """One task list with its project, completed or not (§5.4)."""
        return await self._read(TaskList, f"{V3}/tasklists/{tasklist_id}.json", "tasklist")

    async def create_tasklist(self, project_id: int, name: str) -> int:
        """The new list's id. Not idempotent: a second call makes a second list."""
        call = Call("POST", f"/projects/{project_id}/tasklists.json")
        body = await self._request(call, json={"todo-list": {"name": name}})
        made = {"id": body.get("tasklistId") or body.get("TASKLISTID")}
        return parsed(TaskList, {"tasklist": made}, "tasklist", call).id

    # --- tasks

    async def create_task(
        self,
        tasklist_id: int,
        *,
        name: str,
        description: str,
        assignee_id: int | None,
        priority: str = NO_PRIORITY,
        tags: Sequence[str] = (),
    ) -> Task:
        """The new task. Not idempotent: a second call makes a second task. Tags that are missing are made (§2.1).

        Raises NotAMember when the assignee is refused; then nothing was created. What the site dropped without a word
        shows in the task: `assignee_ids`, `priority`, `tag_ids`.
        """
        fields: Json = {"name": name, "description": description, "assignees": assignees(assignee_id)}
        fields |= {"priority": priority} if priority != NO_PRIORITY else {}
        call = Call("POST", f"{V3}/tasklists/{tasklist_id}/tasks.json", assigns=assignee_id is not None)
        return await self._write_task(call, fields, tags=tags)

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
        if plain(task.name) != plain(name):
            raise not_taken(call, "name")
        return task

    async def assign_task(self, task_id: int, user_id: int | None) -> Task:
        """Give the task to one person, or with None to nobody.

        Raises NotAMember when the person is refused or dropped without a word, Unexpected when others stayed.
        """
        call = _update(task_id, assigns=user_id is not None)
        task = await self._write_task(call, {"assignees": assignees(user_id)})
        if user_id is not None and "assignee_ids" in task.model_fields_set and user_id not in task.assignee_ids:
            raise NotAMember(str(call), status=200, sent=True, field=ASSIGNEES)
        if task.assignee_ids != (() if user_id is None else (user_id,)):
            raise not_taken(call, ASSIGNEES)
        return task

    async def move_task(self, task_id: int, tasklist_id: int) -> Task:
        """Into another list of the same project (§2.4).

        Raises UnknownTaskList when it is the list that is not there or not taken (422: of another project), NotFound
        when it is the task, Refused when it is something else, such as that the task is completed.
        """
        call = _update(task_id)
        try:
            task = await self._write_task(call, {"tasklistId": tasklist_id})
        except (NotFound, Refused) as error:
            await self.must_be_there(task_id)
            if not _is_about_the_list(error):
                raise
            raise UnknownTaskList(str(call), status=error.status, field="tasklist") from None
        if task.tasklist_id != tasklist_id:
            raise not_taken(call, "tasklist")
        return task

    async def prioritise_task(self, task_id: int, priority: str) -> Task:
        """`priority` is none, low, medium or high. Raises Unexpected when the answer shows another."""
        call = _update(task_id)
        task = await self._write_task(call, {"priority": None if priority == NO_PRIORITY else priority})
        if (task.priority or NO_PRIORITY) != priority:
            raise not_taken(call, "priority")
        return task

    async def tag_task(self, task_id: int, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Put tags on the task and take others off, by name; all others stay. Those that are missing are made (§5.1).

        The answers only say OK, so the task is read once more. Raises Unexpected when it does not show the change.
        """
        call, written = Call("PUT", f"/tasks/{task_id}/tags.json"), False
        try:
            for names, removes in ((add, False), (remove, True)):
                if names:
                    await self._change_tags(call, task_id, {"content": ",".join(names)}, removes=removes)
                    written = True
            shown = await self.tag_names(task_id)
        except TeamworkError as error:
            error.sent = error.sent or written
            raise
        if shown is not None and not ({*map(plain_tag, add)} <= shown and shown.isdisjoint(map(plain_tag, remove))):
            raise not_taken(call, "tags")

    async def tag_names(self, task_id: int) -> frozenset[str] | None:
        """The names of the task's tags, as `plain_tag` makes them; None where the site does not tell them."""
        call = Call("GET", f"{V3}/tasks/{task_id}.json")
        body = await self._request(call, params={"include": "tags"})
        task, included = parsed(Task, body, "task", call), body.get("included")
        tags = included.get("tags") if isinstance(included, dict) else None
        if not isinstance(tags, dict):
            return None if task.tag_ids else frozenset()
        found = [parsed(Tag, {"tag": row}, "tag", call) for row in tags.values()]
        return frozenset(plain_tag(tag.name) for tag in found if tag.id in task.tag_ids)

    async def _change_tags(self, call: Call, task_id: int, tags: Json, *, removes: bool) -> None:
        body = {"tags": tags, "replaceExistingTags": False, "removeProvidedTags": removes}
        try:
            await self._request(call, json=body)
        except NotFound as error:
            await self.must_be_there(task_id)
            raise Refused(str(call), status=error.status, field="tags") from None

    async def must_be_there(self, task_id: int) -> None:
        """Raises NotFound when the task is gone."""
        if (await self.task(task_id)).is_deleted:
            raise NotFound(f"GET {V3}/tasks/{task_id}.json")

    async def describe_task(self, task_id: int, description: str) -> Task:
        """Raises Unexpected when the answer lacks a marker of the description: its text may come back reworked."""
        call = _update(task_id)
        task = await self._write_task(call, {"description": description})
        if not markers_in(description) <= markers_in(task.description):
            raise not_taken(call, "description")
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
            **everything(newest_first),
            **filters(created_after, created_by, search),
            **page_query(page, page_size),
        }
        call = Call("GET", f"{V3}/projects/{project_id}/tasks.json")
        body = await self._request(call, params=query)
        return TaskPage(tasks=tuple(rows_of(Task, body, "tasks", call)), has_more=has_more(body))

    async def tasks_by_id(self, task_ids: Collection[int], *, project_id: int | None = None) -> list[Task]:
        """Those of these tasks that are on the site, completed ones and the trash included; ask for 250 at most.

        With `project_id` those of that project.
        Raises Unexpected when the site answers with others too: then it did not heed the ids (§2.8).
        """
        if not task_ids:
            return []
        where = f"/projects/{project_id}" if project_id is not None else ""
        call, wanted = Call("GET", f"{V3}{where}/tasks.json"), set(task_ids)
        query = {**everything(newest_first=False), "ids": ",".join(map(str, wanted)), **page_query(1, PAGE_SIZE)}
        tasks = rows_of(Task, await self._request(call, params=query), "tasks", call)
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
        return parsed(model, await self._request(call, params=params), key, call)

    async def _read_all(self, model: type[M], path: str, key: str) -> list[M]:
        call, found = Call("GET", path), list[M]()
        for page in range(1, MOST_PAGES + 1):
            body = await self._request(call, params=page_query(page, PAGE_SIZE))
            rows = rows_of(model, body, key, call)
            found += rows
            if not rows or not has_more(body):
                break
        return found

    async def has_room_behind_others(self, calls: int) -> bool:
        """Whether our quota has room for so many calls at once, after what is kept for others."""
        return await self._quota.has_room_behind_others(calls)

    async def _write_task(self, call: Call, fields: Json, *, tags: Sequence[str] = ()) -> Task:
        named = {"tags": [{"name": name} for name in tags]} if tags else {}
        body = await self._request(call, json={"task": fields, "taskOptions": self._options, **named})
        return parsed(Task, body, "task", call)

    async def _request(self, call: Call, *, params: Params | None = None, json: Json | None = None) -> Json:
        """The JSON of a 2xx answer. Everything that can go wrong with a call becomes a TeamworkError here."""
        await self._turn(call)
        sending = followed("teamwork", call.method, call.path, self._answer(call, params, json))
        answer = await counted(self._count, sending)
        remember_write(call, answer.status_code)
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


def _is_about_the_list(error: NotFound | Refused) -> bool:
    """Of a move whose task is there."""
    return isinstance(error, NotFound) or error.field == "tasklist" or error.status == HTTPStatus.UNPROCESSABLE_ENTITY

"""A ticket's workflow that only remembers, with the handlers that the server relies on."""

from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.event import Event
    from ticketsync.sync.state import TicketState


@workflow.defn(name=names.TICKET_WORKFLOW)
class RecordingTicket:
    """Ends after a `merged`; a `created` begins an activity that never succeeds; `undeleted` breaks its query."""

    @workflow.init
    def __init__(self, state: TicketState) -> None:
        self._state = state
        self._kinds: list[str] = []
        self._commands: list[str] = []

    @workflow.run
    async def run(self, _state: TicketState) -> None:
        await workflow.wait_condition(lambda: bool(self._kinds or self._commands))
        if "created" in self._kinds:
            workflow.start_activity(
                "never_succeeds",
                start_to_close_timeout=timedelta(seconds=5),
                retry_policy=RetryPolicy(initial_interval=timedelta(hours=1)),
            )
        await workflow.wait_condition(lambda: "merged" in self._kinds)

    @workflow.signal(name=names.ZENDESK_EVENT)
    def zendesk_event(self, event: Event) -> None:
        self._kinds.append(event.kind)

    @workflow.query
    def status(self) -> dict[str, Any]:
        if "undeleted" in self._kinds:
            raise ValueError("this ticket cannot tell")
        return {"desk": self._state.desk, "ticket_id": self._state.ticket_id, "commands": self._commands}

    @workflow.update
    def retry(self) -> str:
        return self._queue("retry")

    @workflow.update
    def resync(self, recreate: bool = False) -> str:
        return self._queue(f"resync recreate={recreate}")

    @workflow.update
    def link_task(self, task_id: int) -> str:
        return self._queue(f"link {task_id}")

    @workflow.update
    def unlink_task(self) -> str:
        return self._queue("unlink")

    @retry.validator
    def _only_if_not_deleted(self) -> None:
        if "soft_deleted" in self._kinds:
            raise ApplicationError("nothing_to_retry")

    def _queue(self, command: str) -> str:
        self._commands.append(command)
        return "queued"


@activity.defn
async def never_succeeds() -> None:
    raise ApplicationError("teamwork answered 503", type="TeamworkUnavailable")

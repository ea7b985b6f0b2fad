"""AlertWorkflow: one per desk that wants alerts. It only remembers what people were told.

The look is one activity that goes on by failing softly until there is something to tell: that adds nothing to the
history (reference/temporal-python §1.14). What is found counts as told before it is sent, and is taken back only where
it surely was not: then the next look finds it again, if it is still so. A telling that was lost with its worker counts.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.alerts import Alert, AlertsFound, AlertState, Channel, TellRequest, Told

LOOK_LIMIT = timedelta(minutes=2)
TELL_LIMIT = timedelta(minutes=1)
ON_AND_ON = RetryPolicy(initial_interval=timedelta(minutes=1), backoff_coefficient=1)
ONCE = RetryPolicy(maximum_attempts=1)
PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=10)
LATER = Priority(priority_key=names.LATER_PRIORITY)


@workflow.defn(name=names.ALERT_WORKFLOW)
class AlertWorkflow:
    @workflow.init
    def __init__(self, state: AlertState) -> None:
        self._state = state  # everything that survives continue-as-new
        self._pause = PAUSE

    @workflow.query
    def status(self) -> AlertState:
        return self._state

    @workflow.run
    async def run(self, _: AlertState) -> AlertState:
        while True:
            found = await self._look()
            if found.off:
                return self._state
            if await self._tell_all(found):
                self._pause = PAUSE
            else:
                await workflow.sleep(self._pause, summary="until what could not be told is told")
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._state)

    async def _look(self) -> AlertsFound:
        found: AlertsFound = await workflow.execute_activity(
            names.LOOK_FOR_ALERTS,
            self._state,
            task_queue=names.zendesk_queue(self._state.desk),
            result_type=AlertsFound,
            start_to_close_timeout=LOOK_LIMIT,
            retry_policy=ON_AND_ON,
            priority=LATER,
            summary="look for what people must know",
        )
        return found

    async def _tell_all(self, found: AlertsFound) -> bool:
        """Whether all of it was told, or may have been."""
        before = self._state
        told = {"chat": before.chat.after(found.chat), "note": before.note.after(found.note)}
        self._state = before.model_copy(update={**told, "webhook_was_there": found.webhook_was_there})
        tellings = [self._tell("note", names.NOTE_TICKET, [alert], before.note) for alert in found.note]
        if found.chat:
            tellings.append(self._tell("chat", names.TELL_CHAT, found.chat, before.chat))
        return all(await asyncio.gather(*tellings))

    async def _tell(self, channel: Channel, activity: str, alerts: Sequence[Alert], before: Told) -> bool:
        try:
            is_told: bool = await workflow.execute_activity(
                activity,
                TellRequest(desk=self._state.desk, alerts=tuple(alerts)),
                task_queue=names.zendesk_queue(self._state.desk),
                result_type=bool,
                start_to_close_timeout=TELL_LIMIT,
                retry_policy=ONCE,
                priority=LATER,
                summary=f"tell {channel}: {len(alerts)}",
            )
        except ActivityError as error:
            is_told = not isinstance(error.cause, ApplicationError)
        if not is_told:
            known: Told = getattr(self._state, channel)
            self._state = self._state.model_copy(update={channel: known.taken_back(alerts, before)})
        return is_told

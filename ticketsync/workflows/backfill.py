"""BackfillWorkflow: one per desk while its older tickets are brought in, behind everything else that the desk does.

It only remembers how far it is. Each turn of the `bring_in` activity takes a few seconds, hands over as many tickets as
the quota has room for, and says where it stopped. A turn that is lost with its worker is made again from its beginning:
tickets that were handed over are known by then. So it can be killed, stopped and gone on with at any moment.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.backfill import BackfillRequest, BackfillState, BackfillTurn
    from ticketsync.workflows.attempt import failure_of

# Each turn reads a page. Zendesk allows ten a minute (reference/zendesk-api §8), and the desk itself reads some.
TURN_EVERY = timedelta(seconds=12)
TURN_LIMIT = timedelta(seconds=60)
BEAT = timedelta(seconds=30)
STARTS_WITHIN = timedelta(minutes=5)  # where nobody works for the desk any more it can still be stopped
TRY_AGAIN = timedelta(minutes=1)
TRIES = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)


@workflow.defn(name=names.BACKFILL_WORKFLOW)
class BackfillWorkflow:
    @workflow.init
    def __init__(self, state: BackfillState) -> None:
        self._state = state  # everything that survives continue-as-new

    @workflow.update
    def stop(self) -> str:
        self._put(stopped=True)
        return "stopping"

    @workflow.query
    def status(self) -> dict[str, Any]:
        return self._state.model_dump(mode="json")

    @workflow.run
    async def run(self, _: BackfillState) -> BackfillState:
        while not self._is_over():
            await self._turn()
            if workflow.info().is_continue_as_new_suggested() and not self._is_over():
                workflow.continue_as_new(self._state)
        self._put(ended_at=workflow.now())
        return self._state

    def _is_over(self) -> bool:
        return self._state.stopped or self._state.is_done

    async def _turn(self) -> None:
        begun = workflow.now()
        try:
            turn = await self._bring_in()
        except ActivityError as error:
            self._put(trouble=failure_of(error).code)
            await self._wait(TRY_AGAIN)
            return
        self._state = self._state.after(turn)
        if not self._state.all_read:
            await self._wait(begun + TURN_EVERY - workflow.now())

    async def _bring_in(self) -> BackfillTurn:
        state = self._state
        turn: BackfillTurn = await workflow.execute_activity(
            names.BRING_IN,
            BackfillRequest(**state.model_dump(include=set(BackfillRequest.model_fields))),
            task_queue=names.zendesk_queue(state.desk),
            result_type=BackfillTurn,
            schedule_to_start_timeout=STARTS_WITHIN,
            start_to_close_timeout=TURN_LIMIT,
            heartbeat_timeout=BEAT,
            retry_policy=TRIES,
            priority=Priority(priority_key=names.BACKFILL_PRIORITY),
            summary="bring in tickets",
        )
        return turn

    async def _wait(self, time: timedelta) -> None:
        """Unless somebody stops it meanwhile."""
        if time <= timedelta(0):
            return
        try:
            await workflow.wait_condition(self._is_over, timeout=time, timeout_summary="until the next turn")
        except TimeoutError:
            return

    def _put(self, **changes: Any) -> None:
        self._state = self._state.model_copy(update=changes)

"""Looking at a ticket (a query) must not stop it for good. Two ways in which it would, with the SDK 1.32 to 1.35:

**A decision that ends during a query.** (Before 1.32 a run's activation lasted as long as its local activities.)

1. A workflow task brings a signal and, because somebody looks at the ticket just now, a query.
2. The workflow asks the rules, a local activity. The SDK does not wait for them and has the query answered.
3. The rules decide while the query is being answered. With the query's answer the SDK completes the workflow task and
   records the decision in it, but the workflow has not seen the decision: that comes with the next task, after whatever
   else has happened in between.
4. A replay hands the decision to the workflow in the task that recorded it. The workflow does things in another order,
   and from then on every workflow task of this ticket fails.

So a local activity that is done waits until no activation of its run has been under way for a moment, the report of its
outcome included, and some turns of the event loop longer for what is on its way between the SDK and us. The workflow
task then ends with the answer alone; the decision is recorded in the next one, where the workflow sees it too. A query
that reaches us only after the decision has gone is refused, and its workflow task with it: nothing is recorded, and the
rules are asked once more. Where looks do not end, new ones are refused in the same way until the decision has gone.

**A query that knows more than the workflow.** A worker that does not hold the run in its cache gets the history with
the query. Something may have come in since that no workflow task has begun with; the SDK hands it to the workflow all
the same, and the workflow begins to decide on it. When its workflow task comes, with more signals than that, they are
handed over apart; a replay hands them over at once. Such an activation is known by its time: the history has grown,
but the workflow task is still the one before. It fails, so that the query does, and the run is built anew.
"""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from temporalio import activity
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

MOST_ACTIVATIONS = 100  # side by side: as many as there are slots for workflow tasks
# What a workflow task brings is handed over bit by bit, the looks last. A query that is still to come is here by then.
CALM_SECONDS = 0.001
CALM_SECONDS_UNDER_LOOKS = 0.01  # for a run that was looked at a moment ago, and is again
LOOKED_AT_SECONDS = 20.0  # longer than the ten seconds after which Temporal repeats a workflow task that was refused
NEVER = -math.inf
HAND_OVER_TURNS = 5  # of the event loop, from the SDK's answer to us: what is on its way is under way after that
MOST_PAUSES = 300  # somebody asks without a pause: the decision must come all the same
ASK_AGAIN = "Looked at just as something came in. Ask again."

P = ParamSpec("P")
T = TypeVar("T")

_sdk_log = logging.getLogger("temporalio.worker._workflow")


class AheadOfItsTask(Exception):
    """What is asked for comes before its workflow task. Whoever looks at the ticket asks again."""

    def __init__(self) -> None:
        super().__init__(ASK_AGAIN)


def _is_news(record: logging.LogRecord) -> bool:
    """The SDK would write a traceback for what is as it should be."""
    return not (record.exc_info and isinstance(record.exc_info[1], AheadOfItsTask))


@dataclass(frozen=True)
class _Seen:
    """The newest that a run was handed: how long its history was, and when its workflow task was started."""

    history_length: int
    started: int

    @classmethod
    def of(cls, activation: WorkflowActivation) -> "_Seen":
        return cls(activation.history_length, activation.timestamp.ToNanoseconds())


class Activations(ThreadPoolExecutor):
    """The threads in which a worker activates its workflows.

    It knows which runs are under way, and refuses an activation that is ahead of its workflow task.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=MOST_ACTIVATIONS, thread_name_prefix="workflow")
        _sdk_log.addFilter(_is_news)
        self._under_way: Counter[str] = Counter()
        self._calm_since: dict[str, float] = {}
        self._looked_at: dict[str, float] = {}
        self._decided: set[str] = set()  # runs whose decision has gone to the SDK, and has not come to the workflow
        self._seen: dict[str, _Seen] = {}

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Called by the SDK on its event loop, with the activation among the arguments."""
        activations = [argument for argument in args if isinstance(argument, WorkflowActivation)]
        if any(self._is_too_early(activation) for activation in activations):
            future: Future[T] = Future()
            future.set_exception(AheadOfItsTask())
            return future
        future = super().submit(fn, *args, **kwargs)
        for activation in activations:
            self._watch(activation.run_id)
        return future

    def _is_too_early(self, activation: WorkflowActivation) -> bool:
        run_id = activation.run_id
        if any(job.HasField("remove_from_cache") for job in activation.jobs):
            self._forget(run_id)
            return False
        if _only_asks(activation):
            self._note_look(run_id)
            return run_id in self._decided and not _is_apart(activation)
        self._decided.discard(run_id)
        return self._is_ahead(activation)

    def _forget(self, run_id: str) -> None:
        """But not that somebody looks: a look that was refused made it leave, and comes again."""
        for known in (self._seen, self._calm_since):
            known.pop(run_id, None)
        self._decided.discard(run_id)

    def _note_look(self, run_id: str) -> None:
        """The newest look stands last."""
        now = time.monotonic()
        self._looked_at.pop(run_id, None)
        self._looked_at[run_id] = now
        while now - next(iter(self._looked_at.values())) > LOOKED_AT_SECONDS:
            self._looked_at.pop(next(iter(self._looked_at)))

    def _is_ahead(self, activation: WorkflowActivation) -> bool:
        seen, now = self._seen.get(activation.run_id), _Seen.of(activation)
        if seen is not None and now.history_length > seen.history_length and now.started == seen.started:
            return True
        self._seen[activation.run_id] = now
        return False

    def _watch(self, run_id: str) -> None:
        """Until the SDK has done with it: the task that hands it over ends when its outcome has been reported."""
        task = asyncio.current_task()
        if task is not None:
            self._under_way[run_id] += 1
            task.add_done_callback(lambda _: self._ended(run_id))

    def _ended(self, run_id: str) -> None:
        self._under_way[run_id] -= 1
        if not self._under_way[run_id]:
            del self._under_way[run_id]
            if run_id in self._seen:  # not its removal
                self._calm_since[run_id] = time.monotonic()

    async def calm(self, run_id: str) -> None:
        """Return when no activation of this run has been under way for a moment: its decision goes to the SDK now.

        The moment counts from the last of them on: most of it is over when a decision has been made.
        """
        for _ in range(MOST_PAUSES):
            if await self._is_calm(run_id):
                break
            await asyncio.sleep(CALM_SECONDS)
        else:
            await self._refuse_looks(run_id)
        self._note_decided(run_id)

    async def _refuse_looks(self, run_id: str) -> None:
        """From now on, and return when none that was taken is under way."""
        while run_id in self._under_way:
            self._note_decided(run_id)
            await asyncio.sleep(CALM_SECONDS)

    def _note_decided(self, run_id: str) -> None:
        if run_id in self._seen:  # else it has left the memory meanwhile, and comes anew if at all
            self._decided.add(run_id)

    async def _is_calm(self, run_id: str) -> bool:
        for _ in range(HAND_OVER_TURNS):
            await asyncio.sleep(0)
        now = time.monotonic()
        is_looked_at = now < self._looked_at.get(run_id, NEVER) + LOOKED_AT_SECONDS
        calm_from = self._calm_since.get(run_id, NEVER) + (CALM_SECONDS_UNDER_LOOKS if is_looked_at else CALM_SECONDS)
        return run_id not in self._under_way and now >= calm_from


def _is_apart(activation: WorkflowActivation) -> bool:
    """A query of its own, not one that came with a workflow task."""
    return any(job.query_workflow.query_id == "legacy_query" for job in activation.jobs)


def _only_asks(activation: WorkflowActivation) -> bool:
    return all(job.HasField("query_workflow") for job in activation.jobs)


class EndInCalm(Interceptor):
    """Lets local activities end when their run is calm."""

    def __init__(self, activations: Activations) -> None:
        self._activations = activations

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _EndInCalm(next, self._activations)


class _EndInCalm(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, activations: Activations) -> None:  # noqa: A002
        super().__init__(next)
        self._activations = activations

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        try:
            return await super().execute_activity(input)
        finally:
            if info.is_local and info.workflow_run_id is not None:
                await self._activations.calm(info.workflow_run_id)

"""A state machine over the whole entity: random changes, random deliveries, random accidents, and the model at the end.

Real Temporal, real Redis, real server, real worker; the two sites are sandboxes. Each run is one or two tickets.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.storms.bench import Driven, HeldLife, Letter, driven_bench
from tests.storms.conftest import Asked
from tests.storms.weather import CREATE
from ticketsync import worker
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch

MOST_LIVES = 2
DICE = st.integers(0, 2**32)
WRITES = FaultMatch(method="POST|PUT|PATCH|DELETE")
FAULTS = (
    Fault(kind="lost_answer", match=CREATE, times=1),
    Fault(kind="lost_answer", match=WRITES, times=1),
    Fault(kind="error", status=503, times=2),
    Fault(kind="error", status=500, match=WRITES, times=1),
    Fault(kind="rate_limited", seconds=1, times=2),
    Fault(kind="slow", match=WRITES, seconds=3, times=1),
)


class EntityMachine(RuleBasedStateMachine):
    """`driven` is set by the test."""

    driven: Driven

    def __init__(self) -> None:
        super().__init__()
        self.bench = self.driven.bench
        self.lives: list[HeldLife] = []
        self.held: list[Letter] = []
        self.delivered: list[Letter] = []
        self.dropped = False

    # --- what people do

    @initialize(dice=DICE)
    def a_ticket(self, dice: int) -> None:
        life = HeldLife(self.bench, Random(dice), ends_early=True)  # noqa: S311 - hypothesis repeats it
        self.driven.do(self.bench.begins(life))
        self.lives.append(life)
        self._take_letters(life)

    @precondition(lambda self: len(self.lives) < MOST_LIVES)
    @rule(dice=DICE)
    def another_ticket(self, dice: int) -> None:
        self.a_ticket(dice)

    @rule(dice=DICE)
    def a_ticket_changes(self, dice: int) -> None:
        alive = [life for life in self.lives if not life.is_over]
        if alive:
            life = alive[dice % len(alive)]
            life.random.seed(dice)
            self.driven.do(self.bench.goes_on(life))
            self._take_letters(life)

    # --- what becomes of the webhooks

    @precondition(lambda self: self.held)
    @rule(dice=DICE)
    def one_is_delivered(self, dice: int) -> None:
        """Any of them: earlier ones may come later."""
        self._deliver(self.held.pop(dice % len(self.held)))

    @precondition(lambda self: self.held)
    @rule()
    def all_are_delivered_backwards(self) -> None:
        while self.held:
            self._deliver(self.held.pop())

    @precondition(lambda self: self.delivered)
    @rule(dice=DICE)
    def one_is_delivered_again(self, dice: int) -> None:
        self._deliver(self.delivered[dice % len(self.delivered)])

    @precondition(lambda self: self.held)
    @rule(dice=DICE)
    def one_is_dropped(self, dice: int) -> None:
        self.held.pop(dice % len(self.held))
        self.dropped = True

    # --- what else happens

    @rule(dice=DICE)
    def teamwork_misbehaves(self, dice: int) -> None:
        self.bench.stack.teamwork.faults.add(FAULTS[dice % len(FAULTS)].model_copy())

    @rule()
    def redis_is_wiped(self) -> None:
        self.driven.do(self.bench.wipe_redis())

    @rule()
    def the_worker_restarts(self) -> None:
        self.driven.do(self.bench.restart_worker())

    @rule(dice=DICE)
    def everything_settles(self, dice: int) -> None:
        """Then a day may pass, in which the workflow of an ended ticket completes."""
        self._settle()
        if dice % 2:
            for life in self.lives:
                self.driven.do(self.bench.hours_pass(life))

    def teardown(self) -> None:
        try:
            if self.lives:
                self._settle()
        finally:
            self.bench.stack.teamwork.faults.clear()

    # ---

    def _settle(self) -> None:
        while self.held:
            self._deliver(self.held.pop(0))
        if self.dropped:
            self.driven.do(self.bench.reads_the_export())
            self.dropped = False
        for life in self.lives:
            self.driven.do(self.bench.comes_to_rest(life))

    def _take_letters(self, life: HeldLife) -> None:
        self.held += life.letters
        life.letters.clear()

    def _deliver(self, letter: Letter) -> None:
        self.driven.do(self.bench.deliver(letter))
        if letter not in self.delivered:
            self.delivered.append(letter)


def test_whatever_happens_each_ticket_ends_with_one_task_as_the_model_says(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, storm: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(worker.LAST_ANSWER[0], "300")  # nothing is lost with a worker that is stopped in order
    given = settings(
        max_examples=40 if storm.long else 6,
        stateful_step_count=30 if storm.long else 20,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a failure is told by its ticket's story; to shrink it would take hours
        suppress_health_check=list(HealthCheck),
    )
    with driven_bench(temporal_server.address, redis_server.port) as driven:
        machine = seed(storm.seed)(type("Machine", (EntityMachine,), {"driven": driven}))
        try:
            run_state_machine_as_test(machine, settings=given)
        except Exception:
            if driven.bench.stories:  # hypothesis runs it once more, and may say only that it went otherwise
                raise AssertionError(driven.bench.stories[0]) from None
            raise

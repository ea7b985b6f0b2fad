"""DeskWorkflow: one per desk. It keeps what belongs to the desk and not to one ticket.

Each concern is a coroutine of its own, so that a Zendesk that does not answer never holds up a probe of Teamwork. What
they share is one `DeskState`, carried through continue-as-new; what everybody else needs is published in the memo.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.desk import (
        FACTS,
        TASKLIST_GONE,
        DeskFacts,
        DeskRequest,
        DeskState,
        DeskTrouble,
        DirectoryLoaded,
        DirectoryRequest,
        ExportRead,
        ExportRequest,
        Mapping,
        Mappings,
        Nudge,
        NudgeRequest,
        ProbeRequest,
        Side,
    )
    from ticketsync.sync.event import DESK_HEALED, DIRECTORY_CHANGED
    from ticketsync.workflows.attempt import failure_of
    from ticketsync.workflows.task_list import find_list

DIRECTORY_EVERY = timedelta(hours=1)
DIRECTORY_NEVER_WITHIN = timedelta(seconds=10)
LOOK_AFTER_EVERY = timedelta(minutes=5)  # whether the directory and the scan's mark are still in Redis
PROBE_EVERY = timedelta(minutes=1)
NUDGE_AGAIN = timedelta(seconds=60)
# Zendesk withholds the last minute: with 100 s from one reading to the next, and 20 s to hand rows over and carry them
# out, every change is on its task within three minutes of happening.
EXPORT_EVERY = timedelta(seconds=100)
EXPORT_PAGE_EVERY = timedelta(seconds=7)  # Zendesk allows ten pages a minute (reference/zendesk-api §8)
EXPORT_LIMIT = timedelta(minutes=5)  # a full page is told to a thousand tickets
TRY_AGAIN, TRY_AGAIN_AT_LEAST_EVERY = timedelta(seconds=10), timedelta(minutes=10)
FEW_TRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
PAGE_TRIES = RetryPolicy(initial_interval=EXPORT_PAGE_EVERY, maximum_attempts=3)
LATER = Priority(priority_key=names.LATER_PRIORITY)
WAITING_FOR_PEOPLE = "waiting_for_directory"
# A linked moment in seconds, then a counter: newer than any generation of an earlier life of this desk.
GENERATIONS_PER_LIFE = 1_000_000


@workflow.defn(name=names.DESK_WORKFLOW)
class DeskWorkflow:
    @workflow.init
    def __init__(self, state: DeskState) -> None:
        self._state = state  # everything that survives continue-as-new
        self._published: DeskFacts | None = None
        self._directory_wanted = True
        self._busy = 0

    # --- what others tell the desk

    @workflow.signal(name=names.DESK_TROUBLE)
    def desk_trouble(self, trouble: DeskTrouble) -> None:
        if trouble.side not in {known.side for known in self._state.troubles}:
            # A list that is gone is looked for anew, or made.
            tasklist_id = None if trouble.code == TASKLIST_GONE else self._state.tasklist_id
            self._put(troubles=(*self._state.troubles, trouble), tasklist_id=tasklist_id)

    @workflow.signal(name=names.DIRECTORY_WANTED)
    def directory_wanted(self) -> None:
        self._directory_wanted = True

    @workflow.update
    def add_user(self, mapping: Mapping) -> str:
        self._put(mappings={**self._state.mappings, mapping.agent_id: mapping.person_id})
        return self._people_change(mapping.agent_id)

    @add_user.validator
    def _ids_are_ids(self, mapping: Mapping) -> None:
        _refuse_what_is_no_id(mapping.agent_id, mapping.person_id)

    @workflow.update
    def add_users(self, mappings: Mappings) -> str:
        known = self._state.mappings
        changed = [agent_id for agent_id, person_id in mappings.people.items() if known.get(agent_id) != person_id]
        self._put(mappings={**known, **mappings.people})
        return self._people_change(*changed)

    @add_users.validator
    def _all_ids_are_ids(self, mappings: Mappings) -> None:
        _refuse_what_is_no_id(*mappings.people.keys(), *mappings.people.values())

    @workflow.update
    def remove_user(self, agent_id: int) -> str:
        self._put(mappings={known: who for known, who in self._state.mappings.items() if known != agent_id})
        return self._people_change(agent_id)

    @remove_user.validator
    def _is_mapped(self, agent_id: int) -> None:
        if agent_id not in self._state.mappings:
            raise ApplicationError(f"Zendesk user {agent_id} has no explicit mapping")

    @workflow.update
    def pause(self) -> str:
        self._put(paused=True)
        return "paused"

    @workflow.update
    def resume(self) -> str:
        self._put(paused=False)
        self._nudge(DESK_HEALED)
        return "resumed"

    @workflow.update
    def place_task_list(self, place: str) -> str:  # noqa: ARG002, the validator looks at it
        """The settings have the list in another place than the one it was found for: it is looked for anew, or made."""
        self._put(tasklist_id=None)
        return "queued"

    @place_task_list.validator
    def _is_elsewhere(self, place: str) -> None:
        if self._state.tasklist_id is None or self._state.tasklist_of == place:
            raise ApplicationError("the task list is that of this place, or looked for already")

    @workflow.query
    def status(self) -> dict[str, Any]:
        return self._state.model_dump(mode="json")

    def _put(self, **changes: Any) -> None:
        self._state = self._state.model_copy(update=changes)
        self._publish()

    def _publish(self) -> None:
        facts = self._state.facts
        if facts != self._published:
            self._published = facts
            workflow.upsert_memo({FACTS: facts})

    def _people_change(self, *agent_ids: int) -> str:
        self._put(people_changed=tuple(sorted({*self._state.people_changed, *agent_ids})))
        self._directory_wanted = True
        return "queued"

    # --- the concerns

    @workflow.run
    async def run(self, _: DeskState) -> None:
        self._publish()
        concerns = (self._keep_task_list, self._keep_directory, self._keep_hints, self._keep_nudging)
        sides: tuple[Side, ...] = ("teamwork", "zendesk")
        tasks = [asyncio.create_task(self._for_ever(concern, TRY_AGAIN_AT_LEAST_EVERY)) for concern in concerns]
        tasks += [asyncio.create_task(self._for_ever(self._keep_reading_export, EXPORT_EVERY))]
        tasks += [asyncio.create_task(self._for_ever(partial(self._keep_probing, side), PROBE_EVERY)) for side in sides]
        await workflow.wait_condition(lambda: self._may_roll_over() or any(task.done() for task in tasks))
        for task in tasks:
            if task.done():
                task.result()  # an error of ours: it shows as a failing workflow task, which a deploy mends
            task.cancel()
        workflow.continue_as_new(self._state)

    def _may_roll_over(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and not self._busy

    async def _for_ever(self, concern: Callable[[], Awaitable[None]], longest: timedelta) -> None:
        """One concern, again and again; what fails is tried again after a pause that grows, and never ends the desk."""
        pause = TRY_AGAIN
        while True:
            try:
                await concern()
                pause = TRY_AGAIN
            except FailureError:
                await workflow.sleep(pause, summary="a failed concern is tried again")
                pause = min(pause * 2, longest)

    # --- task list

    async def _keep_task_list(self) -> None:
        await workflow.wait_condition(lambda: self._state.tasklist_id is None)
        try:
            tasklist_id, place = await find_list(self._state.desk)
        except WorkflowAlreadyStartedError:  # another desk of the same project is about it
            await workflow.sleep(timedelta(seconds=2), summary="another desk finds the task list")
            return
        self._put(tasklist_id=tasklist_id, tasklist_of=place)

    # --- directory

    async def _keep_directory(self) -> None:
        if not self._directory_wanted and not await self._directory_is_lost():
            await self._wait_for_wish()
        if not self._directory_wanted:
            return
        self._directory_wanted = False
        asked = set(self._state.people_changed)
        try:
            loaded = await self._load_directory()
        except ActivityError:
            self._directory_wanted = True
            raise
        left = tuple(sorted(set(self._state.people_changed) - asked))
        self._put(directory=loaded.summary, people_changed=left)
        self._tell_about_people(asked | set(loaded.changed or ()), loaded.summary.generation)
        await workflow.sleep(DIRECTORY_NEVER_WITHIN, summary="the directory is read at most every 10 s")

    async def _wait_for_wish(self) -> None:
        made_at = self._state.directory.made_at or workflow.now()
        due = made_at + DIRECTORY_EVERY - workflow.now()
        pause = max(min(due, LOOK_AFTER_EVERY), timedelta(seconds=1))
        try:
            await workflow.wait_condition(
                lambda: self._directory_wanted, timeout=pause, timeout_summary="until the directory is looked after"
            )
        except TimeoutError:
            self._directory_wanted = due <= LOOK_AFTER_EVERY

    async def _directory_is_lost(self) -> bool:
        request = DirectoryRequest(desk=self._state.desk, generation=self._state.directory.generation)
        stands: bool = await self._do(names.DIRECTORY_STANDS, request, names.zendesk_queue, bool)
        self._directory_wanted = self._directory_wanted or not stands
        return not stands

    async def _load_directory(self) -> DirectoryLoaded:
        number = self._state.generations + 1
        self._put(generations=number)
        request = DirectoryRequest(
            desk=self._state.desk,
            mappings=self._state.mappings,
            generation=int(self._state.linked_at.timestamp()) * GENERATIONS_PER_LIFE + number,
        )
        loaded: DirectoryLoaded = await self._do(
            names.LOAD_DIRECTORY, request, names.zendesk_queue, DirectoryLoaded, timedelta(minutes=5)
        )
        return loaded

    def _tell_about_people(self, agent_ids: set[int], generation: int) -> None:
        self._nudge(
            DIRECTORY_CHANGED,
            assignee_ids=tuple(sorted(agent_ids)),
            reasons=(WAITING_FOR_PEOPLE,),
            generation=generation,
        )

    # --- hints

    async def _keep_hints(self) -> None:
        await self._do(
            names.SCAN_PROJECT,
            DeskRequest(desk=self._state.desk),
            names.teamwork_queue,
            int,
            timedelta(hours=2),
            heartbeat=timedelta(minutes=2),
        )
        await workflow.sleep(LOOK_AFTER_EVERY, summary="until the scan's mark is looked after")

    # --- the second source: what no webhook told

    async def _keep_reading_export(self) -> None:
        await self._until_export_is_due()
        begun = workflow.now()
        export = self._state.export
        request = ExportRequest(desk=self._state.desk, linked_at=self._state.linked_at, export=export)
        queue, beat = names.zendesk_queue, timedelta(minutes=1)
        try:
            page: ExportRead = await self._do(
                names.READ_EXPORT, request, queue, ExportRead, EXPORT_LIMIT, heartbeat=beat, tries=PAGE_TRIES
            )
        except ActivityError as error:
            self._put(export=export.model_copy(update={"trouble": failure_of(error).code}))
            raise
        due_at = begun + (EXPORT_PAGE_EVERY if page.more else EXPORT_EVERY)
        self._put(export=export.after(page, due_at))

    async def _until_export_is_due(self) -> None:
        due_at = self._state.export.due_at
        if due_at is not None and due_at > workflow.now():
            await workflow.sleep(due_at - workflow.now(), summary="until the export is read on")
        # Refused while the desk is held up; the cursor stays where it is, so that nothing is passed over.
        await workflow.wait_condition(lambda: not self._state.paused and self._trouble_of("zendesk") is None)

    # --- troubles of the whole desk

    async def _keep_probing(self, side: Side) -> None:
        await workflow.wait_condition(lambda: self._trouble_of(side) is not None)
        await workflow.sleep(PROBE_EVERY, summary=f"until {side} is probed")
        queue = names.teamwork_queue if side == "teamwork" else names.zendesk_queue
        code: str | None = await self._do(names.PROBE, ProbeRequest(desk=self._state.desk, side=side), queue, str)
        healed = self._trouble_of(side)
        others = tuple(trouble for trouble in self._state.troubles if trouble.side != side)
        self._put(troubles=others if code is None else (*others, DeskTrouble(side=side, code=code)))
        if code is None and healed is not None:
            self._nudge(DESK_HEALED)

    def _trouble_of(self, side: Side) -> str | None:
        return self._state.facts.trouble_of(side)

    # --- word to the tickets

    def _nudge(
        self,
        kind: str,
        *,
        reasons: tuple[str, ...] = (),
        assignee_ids: tuple[int, ...] = (),
        generation: int | None = None,
    ) -> None:
        nudge = Nudge(kind=kind, reasons=reasons, assignee_ids=assignee_ids, generation=generation, due=workflow.now())
        self._put(nudges=(*self._state.nudges, nudge))

    async def _keep_nudging(self) -> None:
        """Tell tickets at once, and once more after a minute those that visibility did not show yet."""
        await workflow.wait_condition(lambda: bool(self._state.nudges))
        nudge = min(self._state.nudges, key=lambda nudge: nudge.due)
        if nudge.due > workflow.now():
            await self._until(nudge.due)
            return
        request = NudgeRequest(desk=self._state.desk, nudge=nudge)
        await self._do(
            names.NUDGE_TICKETS,
            request,
            names.zendesk_queue,
            int,
            timedelta(minutes=30),
            heartbeat=timedelta(minutes=1),
        )
        rest = tuple(other for other in self._state.nudges if other is not nudge)
        again = nudge.model_copy(update={"due": workflow.now() + NUDGE_AGAIN, "passes": nudge.passes - 1})
        self._put(nudges=(*rest, again) if again.passes else rest)

    async def _until(self, due: datetime) -> None:
        known = len(self._state.nudges)
        try:
            await workflow.wait_condition(
                lambda: len(self._state.nudges) != known,
                timeout=due - workflow.now(),
                timeout_summary="until tickets are told once more",
            )
        except TimeoutError:
            return

    # --- activities

    async def _do(
        self,
        name: str,
        request: Any,
        queue: Callable[[str], str],
        result_type: type,
        limit: timedelta = timedelta(minutes=1),
        *,
        heartbeat: timedelta | None = None,
        tries: RetryPolicy = FEW_TRIES,
    ) -> Any:
        self._busy += 1
        try:
            return await workflow.execute_activity(
                name,
                request,
                task_queue=queue(self._state.desk),
                result_type=result_type,
                start_to_close_timeout=limit,
                heartbeat_timeout=heartbeat,
                retry_policy=tries,
                priority=LATER,
                summary=name.replace("_", " "),
            )
        finally:
            self._busy -= 1


def _refuse_what_is_no_id(*ids: int) -> None:
    if any(one <= 0 for one in ids):
        raise ApplicationError("a mapping takes the positive ids of a Zendesk agent and a Teamwork person")

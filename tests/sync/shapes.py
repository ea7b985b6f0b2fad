"""What release 0.1.0 stores in Temporal: one of each shape with every field set, and one with as few as it may have.

`python -m tests.sync.shapes` writes them to `stored/0.1.0/`, as long as that release is not out. A later release that
adds fields gets a folder and a module of its own; these files stay as they are.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from ticketsync.sync.alerts import Alert, AlertsFound, AlertState, TellRequest, Told
from ticketsync.sync.backfill import BackfillRequest, BackfillState, BackfillTurn, Counts, Place
from ticketsync.sync.desk import (
    DeskState,
    DeskTrouble,
    DirectorySummary,
    ExportRead,
    ExportRequest,
    ExportState,
    Nudge,
)
from ticketsync.sync.event import Cause, Event
from ticketsync.sync.requests import DecideRequest, ReadRequest, StepRequest
from ticketsync.sync.snapshot import Clock, TicketSnapshot
from ticketsync.sync.state import (
    Command,
    Decision,
    JournalLine,
    Lifecycle,
    ReadWanted,
    RefusedAssignee,
    TicketState,
    Trouble,
    WaitingForPeople,
)
from ticketsync.sync.step import AppliedTask, Step, StepFailure, StepResult

RELEASE = "0.1.0"
STORED = Path(__file__).parent / "stored"

NOON = datetime(2026, 1, 15, 12, 0, 1, tzinfo=UTC)
EVENT_ID = "6f3c2a10-0000-4000-8000-000000000001"

SNAPSHOT = TicketSnapshot(
    id=35436,
    subject="Checkout broken 🧨",
    status="pending",
    custom_status_id=8447320465790,
    priority="normal",
    type="incident",
    assignee_id=8447388090777,
    submitter_id=8447388091001,
    requester_id=8447388091002,
    group_id=8447320466430,
    organization_id=8447346622462,
    brand_id=8447346621310,
    form_id=8646151517822,
    tags=("vip",),
    custom_fields={8447320467001: "web"},
    created_at=NOON - timedelta(days=1),
    updated_at=NOON,
    via="mail",
    left_out=("type",),
)
CLOCK = Clock(updated_at=NOON, settled=True, time="2026-01-15T12:00:05.000000000Z", position=2, event_id=EVENT_ID)
TASK = AppliedTask(
    id=5001,
    standing="completed",
    title="Checkout broken 🧨",
    assignee_id=201,
    uncertain=("assignee", "title"),
    gone=True,
    protected=True,
    tasklist_id=1235,
    priority="high",
    tags=("Important",),
    unsure_priority=True,
    unsure_tags=("Billing",),
)
ANSWER = "Teamwork answered 403 to PATCH /projects/api/v3/tasks/5001.json"
TROUBLE = Trouble(phase="blocked", code="forbidden", what="rename", since=NOON, tries=3, retry_at=NOON, answer=ANSWER)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CAUSE = Cause(delivery="01KF0000000000000000000001", traceparent=TRACEPARENT)
STEP = Step(
    kind="rename",
    reason="subject",
    title="B",
    assignee_id=202,
    before="A",
    tasklist_id=1235,
    priority="high",
    tags=("Important",),
    untag=("Billing",),
    task_id=5002,
)
LINE = JournalLine(at=NOON, code="applied", text="newer than what was known", event_id=EVENT_ID, after=NOON)
STATE = TicketState(
    schema_version=1,
    desk="acme",
    ticket_id=35436,
    first_decision=False,
    no_trace=True,
    snapshot=SNAPSHOT,
    clock=CLOCK,
    tags_kept=("internal", "vip"),
    fields_kept=("group_id", "priority"),
    lifecycle=Lifecycle(
        deleted=True,
        how="marked_as_spam",
        earliest="2026-01-15T12:00:01.100000000Z",
        latest="2026-01-15T12:00:01.200000000Z",
        merged=True,
        merged_into=35440,
    ),
    was_assigned=True,
    wanted_once=True,
    status_before_close="solved",
    status_before_close_clock=CLOCK,
    task=TASK,
    create_started_at=NOON,
    look="patiently",
    revive=True,
    inspect=True,
    anew=True,
    link_to=5002,
    unlinked=True,
    refused=RefusedAssignee(user_id=201, since=NOON, retry_at=NOON, tries=4),
    rules={"title": 'the title template "{subject}"'},
    cause=CAUSE,
    read=ReadWanted(reason="clocks_do_not_decide", asked=7, settled=True, doubt=NOON, not_before=NOON),
    reads_asked=7,
    read_trouble=TROUBLE.model_copy(update={"phase": "retrying", "what": "read"}),
    trouble=TROUBLE,
    other_troubles=(TROUBLE.model_copy(update={"what": "move", "code": "tasklist_unknown"}),),
    generation_needed=12,
    waiting=WaitingForPeople(agent_id=8447388090777, generation=11, since=NOON, retry_at=NOON),
    settle_until=NOON,
    end_at=NOON,
    blocked_retry=timedelta(seconds=90),
    sync_state="blocked",
    reason="forbidden",
    commands=(Command(kind="link", at=NOON, recreate=True, task_id=5002, later=True),),
    seen=("00112233445566ff",),
    journal=(LINE,),
)
EVENT = Event(
    version=1,
    id=EVENT_ID,
    ticket_id=35436,
    kind="agent_assignment_changed",
    source="export",
    received_at=NOON,
    snapshot=SNAPSHOT,
    time="2026-01-15T12:00:01.412938114Z",
    position=3,
    as_of=NOON,
    previous_assignee_id=8447388090888,
    merged_into=35440,
    scrubbed=True,
    hint="its timestamp is too old",
    generation=12,
    asked=7,
    invocation_id="01KF0000000000000000000001",
    traceparent=TRACEPARENT,
    own_note=True,
)
EXPORT = ExportState(
    cursor="MTc2ODQ2NzYwMS4wfHwzNTQzNnw=",
    through=NOON,
    rows_read=1200,
    rows_told=3,
    read_at=NOON,
    due_at=NOON,
    trouble="not_stored",
)
DESK = DeskState(
    desk="acme",
    linked_at=NOON,
    paused=True,
    troubles=(DeskTrouble(side="zendesk", code="zendesk_credentials_refused"),),
    mappings={8447388090777: 201},
    people_changed=(8447388090777,),
    tasklist_id=1234,
    tasklist_of="tasklist-acme.teamwork.com-987654",
    directory=DirectorySummary(generation=7, made_at=NOON, agents=3, matched=2, unmatched=(8447388090888,)),
    generations=7,
    nudges=(
        Nudge(kind="directory_changed", assignee_ids=(1,), reasons=("no_mapping",), generation=7, due=NOON, passes=1),
    ),
    export=EXPORT,
)
REQUEST = StepRequest(
    desk="acme",
    ticket_id=35436,
    step=STEP,
    task=TASK,
    ticket_created_at=NOON,
    create_started_at=NOON,
    look="once",
    cause=CAUSE,
    heard_at=NOON,
)

PLACE = Place(cursor="a", moment=NOON, ticket_id=35436)
COUNTS = Counts(new=5, adopted=4, unclear=3, known=2, filtered=1, ended=6)
ALERT = Alert(kind="ticket_blocked", code="forbidden", ticket_id=35436, task_id=5001, since=NOON)
TOLD = Told(tickets={35436: ("forbidden",)}, too_many=True, held_up=("tasklist_gone",), webhook="missing")

FILLED: dict[str, BaseModel] = {
    "ticket_state": STATE,
    "event": EVENT,
    "decide_request": DecideRequest(state=STATE, events=(EVENT,), now=NOON),
    "decision": Decision(
        changes={"reason": "no_mapping", "settle_until": "2026-01-15T12:00:01Z", "task": TASK.model_dump(mode="json")},
        plan=(STEP,),
        lines=(LINE,),
        seen=("00112233445566ff",),
        live=True,
        stored=True,
        backfill=True,
    ),
    "step_request": REQUEST,
    "step_result": StepResult(
        task=TASK, answer="200", refused_assignee_id=201, decide_again=True, looked=True, refused=True
    ),
    "step_failure": StepFailure(
        code="credentials_refused", desk_wide=True, paused=True, nothing_sent=True, answer=ANSWER
    ),
    "read_request": ReadRequest(desk="acme", ticket_id=35436, asked=7, settled=True, cause=CAUSE),
    "desk_state": DESK,
    "export_request": ExportRequest(desk="acme", linked_at=NOON, export=EXPORT),
    "export_read": ExportRead(cursor="b", through=NOON, rows=1000, told=3, read_at=NOON, more=True),
    "backfill_state": BackfillState(
        desk="acme",
        only_open=True,
        begun_at=NOON,
        until=NOON,
        place=PLACE,
        all_read=True,
        on_their_way=(35436,),
        planned=COUNTS,
        counts=COUNTS,
        blocked=1,
        trouble="paused",
        stopped=True,
        ended_at=NOON,
    ),
    "backfill_request": BackfillRequest(
        desk="acme", only_open=True, until=NOON, place=PLACE, all_read=True, on_their_way=(35436,)
    ),
    "backfill_turn": BackfillTurn(place=PLACE, all_read=True, on_their_way=(35436,), counts=COUNTS, blocked=1),
    "alert_state": AlertState(desk="acme", chat=TOLD, note=TOLD, webhook_was_there=True),
    "alerts_found": AlertsFound(off=True, chat=(ALERT,), note=(ALERT,), webhook_was_there=True),
    "tell_request": TellRequest(desk="acme", alerts=(ALERT,)),
}

FEW = TicketState(desk="acme", ticket_id=35436)
FEW_EVENT = Event(id="1", ticket_id=35436, kind="hint", received_at=NOON)
MINIMAL: dict[str, BaseModel] = {
    "ticket_state": FEW,
    "event": FEW_EVENT,
    "decide_request": DecideRequest(state=FEW, events=(), now=NOON),
    "decision": Decision(),
    "step_request": StepRequest(
        desk="acme", ticket_id=35436, step=Step(kind="create", reason="open"), task=AppliedTask()
    ),
    "step_result": StepResult(task=AppliedTask(), answer=""),
    "step_failure": StepFailure(code="answer_lost"),
    "read_request": ReadRequest(desk="acme", ticket_id=35436, asked=1),
    "desk_state": DeskState(desk="acme", linked_at=NOON),
    "export_request": ExportRequest(desk="acme", linked_at=NOON),
    "export_read": ExportRead(read_at=NOON),
    "backfill_state": BackfillState(desk="acme", begun_at=NOON, until=NOON),
    "backfill_request": BackfillRequest(desk="acme", only_open=False, until=NOON),
    "backfill_turn": BackfillTurn(place=Place()),
    "alert_state": AlertState(desk="acme"),
    "alerts_found": AlertsFound(),
    "tell_request": TellRequest(desk="acme", alerts=()),
}


def write() -> None:
    for how, shapes in (("filled", FILLED), ("minimal", MINIMAL)):
        folder = STORED / RELEASE / how
        folder.mkdir(parents=True, exist_ok=True)
        for name, shape in shapes.items():
            json = shape.model_dump_json(indent=2, exclude_unset=how == "minimal")
            (folder / f"{name}.json").write_text(json + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()

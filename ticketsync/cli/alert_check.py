"""The line of `ticketsync check` on a desk's alerts: who is told, and whether somebody looks."""

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from ticketsync import chat, names
from ticketsync.cli.checks import CheckLine, Outcome
from ticketsync.settings import AlertSettings, DeskSettings, format_duration
from ticketsync.temporal import LOOK_TIMEOUT

START = "run ticketsync worker with these settings: alerts begin within a minute"


async def check_alerts(desk: DeskSettings, client: Client | None) -> CheckLine:
    """Nothing is sent: `ticketsync alerts test` does that."""
    if not desk.alerts.on:
        return _line(desk, "ok", "off")
    found = f"{_told(desk.alerts)}, of tickets blocked for {format_duration(desk.alerts.after)}"
    if client is None or await _is_running(client, desk.name):
        return _line(desk, "ok", found)
    return _line(desk, "warning", f"{found}; nobody looks yet", START)


def _told(alerts: AlertSettings) -> str:
    chats = [f"chat at {chat.host_of(alerts.webhook)}"] if alerts.webhook is not None else []
    return " and ".join([*chats, *(["notes on tickets"] if alerts.notes else [])])


async def _is_running(client: Client, desk: str) -> bool:
    """Another trouble than that it is not there has a line of its own."""
    handle = client.get_workflow_handle(names.alert_workflow_id(desk))
    try:
        description = await handle.describe(rpc_timeout=LOOK_TIMEOUT)
    except RPCError as error:
        return error.status != RPCStatusCode.NOT_FOUND
    return description.status == WorkflowExecutionStatus.RUNNING


def _line(desk: DeskSettings, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk.name, name="alerts", outcome=outcome, found=found, next=to_do)

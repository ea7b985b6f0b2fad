"""The names under which the parts of ticketsync meet in Temporal: workflow ids, queues, search attributes, signals."""

from datetime import datetime

from temporalio.common import SearchAttributeKey

WORKFLOW_QUEUE = "ticketsync"

TICKET_WORKFLOW = "TicketWorkflow"
DESK_WORKFLOW = "DeskWorkflow"
TASK_LIST_WORKFLOW = "TaskListWorkflow"
BACKFILL_WORKFLOW = "BackfillWorkflow"
ALERT_WORKFLOW = "AlertWorkflow"
ZENDESK_EVENT = "zendesk_event"
DIRECTORY_WANTED = "directory_wanted"
DESK_TROUBLE = "desk_trouble"

DESK = SearchAttributeKey.for_keyword("TicketsyncDesk")
TICKET_ID = SearchAttributeKey.for_keyword("TicketsyncTicketId")
TICKET_STATUS = SearchAttributeKey.for_keyword("TicketsyncTicketStatus")
TASK_ID = SearchAttributeKey.for_keyword("TicketsyncTaskId")
ASSIGNEE_ID = SearchAttributeKey.for_keyword("TicketsyncAssigneeId")
REASON = SearchAttributeKey.for_keyword("TicketsyncReason")
SYNC_STATE = SearchAttributeKey.for_keyword("TicketsyncSyncState")
SINCE = SearchAttributeKey.for_keyword("TicketsyncSince")  # of state and reason; as text its order is that of time

SEARCH_ATTRIBUTES = (DESK, TICKET_ID, TICKET_STATUS, TASK_ID, ASSIGNEE_ID, REASON, SYNC_STATE, SINCE)


def since(moment: datetime) -> str:
    """A moment of UTC as `SINCE` holds it, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def ticket_workflow_id(desk: str, ticket_id: int) -> str:
    return f"ticket-{desk}-{ticket_id}"


def desk_workflow_id(desk: str) -> str:
    return f"desk-{desk}"


def backfill_workflow_id(desk: str) -> str:
    return f"backfill-{desk}"


def alert_workflow_id(desk: str) -> str:
    return f"alerts-{desk}"


def teamwork_queue(desk: str) -> str:
    return f"ticketsync-teamwork-{desk}"


def zendesk_queue(desk: str) -> str:
    return f"ticketsync-zendesk-{desk}"


DECIDE = "decide"
PAUSE = "pause"
READ_TICKET = "read_ticket"
STEP_ACTIVITIES = {
    "create": "create_task",
    "restore": "restore_task",
    "reopen": "reopen_task",
    "rename": "rename_task",
    "reassign": "reassign_task",
    "move": "move_task",
    "update": "update_task",
    "complete": "complete_task",
    "delete": "delete_task",
    "inspect": "inspect_task",
    "link": "link_task",
    "unlink": "unlink_task",
}
FIND_TASK_LIST = "find_task_list"
LOAD_DIRECTORY = "load_directory"
DIRECTORY_STANDS = "directory_stands"
PROBE = "probe"
NUDGE_TICKETS = "nudge_tickets"
SCAN_PROJECT = "scan_project"
NAME_PROJECT = "name_project"
READ_EXPORT = "read_export"
BRING_IN = "bring_in"
LOOK_FOR_ALERTS = "look_for_alerts"
TELL_CHAT = "tell_chat"
NOTE_TICKET = "note_ticket"

# Priorities on the desk's queues. What has just happened goes first, then what was stored while no worker was there,
# then ended tickets and what the desk has decided anew; a backfill is behind all others, in the quotas too.
LIVE_PRIORITY, STORED_PRIORITY, LATER_PRIORITY, BACKFILL_PRIORITY = 2, 3, 4, 5

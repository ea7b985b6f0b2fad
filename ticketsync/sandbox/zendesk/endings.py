"""Deleting, spam, restoring, merging (reference/zendesk-api §7.2, §7.3) and what each tells the webhooks (§1.6)."""

from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.audits import record_audit
from ticketsync.sandbox.zendesk.errors import record_invalid
from ticketsync.sandbox.zendesk.events import Happened, what_changed
from ticketsync.sandbox.zendesk.inputs import CommentInput, MergeInput
from ticketsync.sandbox.zendesk.jobs import finished_job
from ticketsync.sandbox.zendesk.models import Ending, Job, Ticket, User, Via
from ticketsync.sandbox.zendesk.writing import add_comment, told_comment

MERGE_TAG = "closed_by_merge"
BELOW_SOLVED = frozenset({"new", "open", "pending", "hold"})


def delete_ticket(account: Account, ticket: Ticket, caller: User) -> None:
    """Into the trash; its export row says `deleted` from now on."""
    _end(account, ticket, Ending(kind="deleted", at=account.clock.now(), actor_id=caller.id))
    account.tell(ticket, caller.id, [Happened("soft_deleted")])


def mark_as_spam(account: Account, ticket: Ticket, caller: User) -> None:
    """Into the trash, and the requester is suspended when a customer."""
    requester = account.store.user(ticket.requester_id)
    requester.suspended = requester.suspended or not requester.is_staff
    _end(account, ticket, Ending(kind="spam", at=account.clock.now(), actor_id=caller.id))
    account.tell(ticket, caller.id, [Happened("marked_as_spam")])


def _end(account: Account, ticket: Ticket, ending: Ending) -> None:
    ticket.ending = ending
    ticket.updated_at = ending.at
    account.keep(ticket)


def restore_ticket(account: Account, ticket: Ticket, caller: User) -> None:
    """Out of the trash, with the status it had."""
    ticket.ending = None
    ticket.updated_at = account.clock.now()
    account.keep(ticket)
    account.tell(ticket, caller.id, [Happened("undeleted")])


def destroy_ticket(account: Account, ticket: Ticket, caller: User) -> None:
    """For good; a scrubbed row stays in the export, with the `updated_at` of the first deletion."""
    ticket.ending = Ending(kind="permanent", at=account.clock.now(), actor_id=caller.id)
    account.keep(ticket)
    account.tell(ticket, caller.id, [Happened("permanently_deleted")])


def merge_tickets(account: Account, target: Ticket, data: MergeInput, caller: User) -> Job:
    """Close the sources into the target; ApiError 422 for a closed target, a failed row for a source that cannot."""
    if target.status == "closed":
        raise record_invalid("status", "Status: closed prevents ticket update", "InvalidValue")
    rows = [_merge_one(account, source_id, target.id, data, caller) for source_id in data.ids]
    return finished_job(account, rows)


def _merge_one(account: Account, source_id: int, target_id: int, data: MergeInput, caller: User) -> JsonValue:
    source = account.store.state.tickets.get(source_id)
    mergeable = source is not None and source.ending is None and source.status in BELOW_SOLVED
    if source is None or not mergeable or source_id == target_id:
        error = "Source tickets must exist, be below solved and differ from the target"
        return {"action": "update", "id": source_id, "status": "Failed", "success": False, "errors": error}
    target = account.store.ticket(target_id)
    _close_source(account, source, target, data, caller)
    _comment_on_target(account, source, target, data, caller)
    return {"action": "update", "id": source_id, "status": "Updated", "success": True}


def _close_source(account: Account, source: Ticket, target: Ticket, data: MergeInput, caller: User) -> None:
    after = source.model_copy(deep=True, update={"status": "closed", "updated_at": account.clock.now()})
    after.tags = sorted({*source.tags, MERGE_TAG})
    text = data.source_comment or f'This request was closed and merged into request #{target.id} "{target.subject}".'
    words = CommentInput(body=text, public=data.source_comment_is_public)
    comment = add_comment(account, after, words, author_id=caller.id, via=_merge_via(target))
    account.keep(after)
    record_audit(account, after, before=source, actor_id=caller.id, comment=comment, via=_merge_via(target))
    told = [Happened("merged", {"target_ticket_id": str(target.id)}), *what_changed(source, after, ())]
    account.tell(after, caller.id, [*told, told_comment(account, comment)])


def _comment_on_target(account: Account, source: Ticket, target: Ticket, data: MergeInput, caller: User) -> None:
    text = data.target_comment or f'Request #{source.id} "{source.subject}" was closed and merged into this request.'
    words = CommentInput(body=text, public=data.target_comment_is_public)
    comment = add_comment(account, target, words, author_id=caller.id, via=_merge_via(source))
    target.updated_at = account.clock.now()
    account.keep(target)
    record_audit(account, target, before=target, actor_id=caller.id, comment=comment, via=_merge_via(source))
    account.tell(target, caller.id, [told_comment(account, comment)])


def _merge_via(other: Ticket) -> Via:
    return Via(channel="web", rel="merge", from_ticket=other.id)

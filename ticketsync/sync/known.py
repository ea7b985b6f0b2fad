"""What a ticket has decided on, as far as it tells which rows of the export say nothing new to it.

A row costs its ticket a signal and a decision, so one that is known already is not handed over. Not known is whatever
is not surely known: that costs a decision which changes nothing.
"""

import hashlib
from datetime import timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ticketsync.sync.event import ROW, Event
from ticketsync.sync.fold import GONE_STATUSES, ROW_AFTER_CHANGE
from ticketsync.sync.kept import content, of_use, unsaid, what_is_kept
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot, nine_digits
from ticketsync.sync.state import TicketState


class Decided(BaseModel):
    """How a ticket stood when it last decided: what the hint in Redis holds.

    `linked_at` is the desk's moment of linking: what only a lost Temporal knew counts for nothing. `deleted` was said
    of a moment up to `deleted_through` (nine digits; empty while nothing was said). `digest` is of the fields that we
    use and the tags that the policy names. `noted_at`: the ticket's `updated_at` after a note of ours.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    linked_at: AwareDatetime
    deleted: bool
    deleted_through: str
    updated_at: AwareDatetime | None
    digest: str
    noted_at: AwareDatetime | None = None

    def covers(self, row: Event, policy: Policy, linked_at: AwareDatetime) -> bool:
        """Whether this row surely says nothing that the ticket has not decided on."""
        snapshot = row.snapshot
        if row.kind != ROW or snapshot is None or snapshot.updated_at is None or row.as_of is None:
            return False
        if self.linked_at != linked_at:
            return False
        if row.scrubbed or snapshot.status in GONE_STATUSES:
            second_over = nine_digits(snapshot.updated_at + timedelta(seconds=1))
            return self.deleted and second_over <= self.deleted_through
        return not self.deleted and self._covers_live(snapshot, row.as_of, policy)

    def _covers_live(self, snapshot: TicketSnapshot, as_of: AwareDatetime, policy: Policy) -> bool:
        if snapshot.updated_at is None or snapshot.updated_at != self.updated_at:
            return False
        # One generated later shows something else, such as a delete and an undelete that left `updated_at` alone.
        by_itself = as_of - snapshot.updated_at <= ROW_AFTER_CHANGE
        if not by_itself and nine_digits(as_of) > self.deleted_through:
            return False
        return not unsaid(snapshot, policy) and self.digest == _digest(of_use(snapshot, policy), *what_is_kept(policy))

    def is_own_note(self, row: Event, policy: Policy) -> bool:
        """Whether this row says no more than that we wrote a note on the ticket: that is no reason to try again."""
        snapshot = row.snapshot
        if row.kind != ROW or snapshot is None or self.deleted or unsaid(snapshot, policy):
            return False
        if self.noted_at is None or snapshot.updated_at != self.noted_at:
            return False
        return self.digest == _digest(of_use(snapshot, policy), *what_is_kept(policy))


def decided_on(state: TicketState, linked_at: AwareDatetime) -> Decided | None:
    """What may be taken for known of this ticket; None while anything is in doubt."""
    if state.snapshot is None or state.read is not None:
        return None
    return Decided(
        linked_at=linked_at,
        deleted=state.lifecycle.deleted,
        deleted_through=state.lifecycle.latest,
        updated_at=state.snapshot.updated_at,
        digest=_digest(state.snapshot, state.tags_kept, state.fields_kept),
    )


def _digest(snapshot: TicketSnapshot, tags_kept: tuple[str, ...], fields_kept: tuple[str, ...]) -> str:
    text = f"{content(snapshot).model_dump_json()} {' '.join(tags_kept)} {' '.join(fields_kept)}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

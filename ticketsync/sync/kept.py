"""What a ticket's state keeps of a snapshot: what the desk's policy uses, and no more."""

from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import CLOSED_BY_MERGE, OPTIONAL_FIELDS, TicketSnapshot
from ticketsync.sync.state import TicketState

SUBJECT_KEPT = 500  # twice what a title holds
NEVER_USED = {"custom_status_id": None, "via": None, "left_out": ()}


def of_use(snapshot: TicketSnapshot, policy: Policy) -> TicketSnapshot:
    """Without what no rule looks at, and without the part of a subject that no title shows."""
    named = policy.tags_it_names
    tags = tuple(tag for tag in snapshot.tags if tag == CLOSED_BY_MERGE or tag.lower() in named)
    subject = snapshot.subject and snapshot.subject.strip()[:SUBJECT_KEPT]
    unused = dict.fromkeys(OPTIONAL_FIELDS - policy.fields_it_uses)
    return snapshot.model_copy(update={**NEVER_USED, **unused, "tags": tuple(sorted(tags)), "subject": subject})


def content(snapshot: TicketSnapshot) -> TicketSnapshot:
    """What two snapshots must share to say the same."""
    return snapshot.model_copy(update={"updated_at": None, "via": None, "created_at": None})


def unsaid(snapshot: TicketSnapshot, policy: Policy) -> tuple[str, ...]:
    """The fields that the policy uses and that the snapshot's source did not mention: they may be set or not."""
    return tuple(sorted(policy.fields_it_uses.intersection(snapshot.left_out)))


def what_is_kept(policy: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags and the other fields that this policy keeps, as a state notes them down."""
    return tuple(sorted(policy.tags_it_names)), tuple(sorted(policy.fields_it_uses - {"tags"}))


def with_what_is_kept(state: TicketState, policy: Policy) -> TicketState:
    """The state with a note of what this policy has just kept of the snapshot."""
    tags, fields = what_is_kept(policy)
    return state.model_copy(update={"tags_kept": tags, "fields_kept": fields})


def knows_enough(state: TicketState, policy: Policy) -> bool:
    """Whether all that this policy uses was kept when the snapshot was folded: of anything else it holds nothing."""
    tags, fields = what_is_kept(policy)
    return set(tags) <= set(state.tags_kept) and set(fields) <= set(state.fields_kept)

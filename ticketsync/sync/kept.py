"""What a ticket's state keeps of a snapshot: what the desk's policy uses, and no more."""

from collections.abc import Iterable

from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import CLOSED_BY_MERGE, CUSTOM_FIELDS, OPTIONAL_FIELDS, TicketSnapshot
from ticketsync.sync.state import TicketState
from ticketsync.sync.templates import named_custom

SUBJECT_KEPT = 500  # twice what a title holds
NEVER_USED = {"custom_status_id": None, "via": None, "left_out": ()}


def of_use(snapshot: TicketSnapshot, policy: Policy) -> TicketSnapshot:
    """Without what no rule looks at, and without the part of a subject that no title shows."""
    named = policy.tags_it_names
    tags = tuple(tag for tag in snapshot.tags if tag == CLOSED_BY_MERGE or tag.lower() in named)
    subject = snapshot.subject and snapshot.subject.strip()[:SUBJECT_KEPT]
    unused = dict.fromkeys(OPTIONAL_FIELDS - policy.fields_it_uses)
    kept = {"tags": tuple(sorted(tags)), "subject": subject, CUSTOM_FIELDS: _custom_of_use(snapshot, policy)}
    return snapshot.model_copy(update={**NEVER_USED, **unused, **kept})


def _custom_of_use(snapshot: TicketSnapshot, policy: Policy) -> dict[int, str] | None:
    named, said = policy.custom_fields, snapshot.custom_fields
    return {number: said[number] for number in sorted(named & said.keys())} if named and said is not None else None


def content(snapshot: TicketSnapshot) -> TicketSnapshot:
    """What two snapshots must share to say the same."""
    return snapshot.model_copy(update={"updated_at": None, "via": None, "created_at": None})


def unsaid(snapshot: TicketSnapshot, policy: Policy) -> tuple[str, ...]:
    """The fields that the policy uses and that the snapshot's source did not mention: they may be set or not."""
    custom = {CUSTOM_FIELDS} if policy.custom_fields - (snapshot.custom_fields or {}).keys() else set()
    return tuple(sorted(policy.fields_it_uses.intersection(snapshot.left_out) | custom))


def what_is_kept(policy: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags and the other fields that this policy keeps, as a state notes them down."""
    fields = policy.fields_it_uses - {"tags", CUSTOM_FIELDS}
    return tuple(sorted(policy.tags_it_names)), tuple(sorted(fields | _named(policy.custom_fields)))


def _named(custom_fields: Iterable[int]) -> set[str]:
    return set(named_custom(dict.fromkeys(custom_fields, "")))


def with_what_is_kept(state: TicketState, policy: Policy) -> TicketState:
    """The state with a note of what this policy has just kept of the snapshot.

    A custom field that a read does not hold was named only after it had begun: that is not kept.
    """
    tags, fields = what_is_kept(policy)
    said = state.snapshot.custom_fields if state.snapshot is not None else None
    missing = _named(policy.custom_fields - (said or {}).keys())
    kept = tuple(field for field in fields if field not in missing)
    return state.model_copy(update={"tags_kept": tags, "fields_kept": kept})


def knows_enough(state: TicketState, policy: Policy) -> bool:
    """Whether all that this policy uses was kept when the snapshot was folded: of anything else it holds nothing."""
    tags, fields = what_is_kept(policy)
    return set(tags) <= set(state.tags_kept) and set(fields) <= set(state.fields_kept)

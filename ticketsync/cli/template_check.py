"""What `ticketsync check` says of custom fields in a desk's templates: are they fields of the account at all?"""

from collections.abc import Mapping

from ticketsync.cli.checks import CheckLine, Outcome
from ticketsync.desks import Desk
from ticketsync.sync.templates import CUSTOM_FIELD, custom_fields_in
from ticketsync.zendesk import ZendeskError

MOST_LISTED = 30


async def check_templates(desk: Desk) -> list[CheckLine]:
    """No line where the templates name no custom field. A field that is not there is left empty: only a warning."""
    policy = desk.settings.policy
    named = custom_fields_in(policy.title) | custom_fields_in(policy.description)
    if not named:
        return []
    try:
        known = await desk.zendesk.custom_fields()
    except ZendeskError as error:
        return [_line(desk, "warning", str(error).removesuffix(f": {error.advice}"), error.advice)]
    lost = [f"{CUSTOM_FIELD}{number}" for number in sorted(named - known.keys())]
    if not lost:
        return [_line(desk, "ok", ", ".join(f"{number} {known[number]}" for number in sorted(named)))]
    return [_line(desk, "warning", f"no custom field of the account: {', '.join(lost)}", _to_do(known))]


def _to_do(known: Mapping[int, str]) -> str:
    listed = [f"{number} ({title})" for number, title in known.items()]
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    return f"use one of {', '.join(listed[:MOST_LISTED])}{more}" if listed else "the account has none: take them out"


def _line(desk: Desk, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk.name, name="templates", outcome=outcome, found=found, next=to_do)

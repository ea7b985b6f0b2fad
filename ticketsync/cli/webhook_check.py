"""The line of `ticketsync check` on a desk's webhook: what `webhook show` finds.

Only what surely keeps every delivery away is a failure: without a webhook a desk still hears of changes, by Zendesk's
export or by the older form, and whoever may not look at webhooks knows nothing of them.
"""

from collections.abc import Iterable, Sequence

from ticketsync.cli.checks import CheckLine, Outcome
from ticketsync.cli.webhook_desk import Shown, look_at_webhook
from ticketsync.desks import Desk
from ticketsync.zendesk import ZendeskError

NOTHING_ARRIVES = frozenset({"deactivated", "secret_rotated"})


async def check_webhook(desk: Desk) -> CheckLine:
    try:
        shown = await look_at_webhook(desk)
    except ZendeskError as error:
        found = str(error).removesuffix(f": {error.advice}")
        return _line(desk.name, "warning", f"cannot be looked at: {found}", error.advice)
    return webhook_line(shown)


def webhook_line(shown: Shown) -> CheckLine:
    """The line on a webhook that could be looked at."""
    if not shown.drifts:
        return _line(shown.desk, "ok", f"{shown.webhook_id} leads to {shown.endpoint}")
    outcome: Outcome = "failed" if any(drift.code in NOTHING_ARRIVES for drift in shown.drifts) else "warning"
    found = "; ".join(drift.found for drift in shown.drifts)
    return _line(shown.desk, outcome, found, "; ".join(_no_less([drift.next for drift in shown.drifts])))


def _no_less(remedies: Sequence[str]) -> Iterable[str]:
    """Each once, and none that is only the beginning of another."""
    known = dict.fromkeys(remedies)
    return (one for one in known if not any(other != one and other.startswith(one) for other in known))


def _line(desk: str, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk, name="webhook", outcome=outcome, found=found, next=to_do)

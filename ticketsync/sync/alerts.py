"""What people are told by themselves: once when something needs them, and once when it does not any more.

`AlertWorkflow` remembers what each channel was told; what is so now is compared with that. An alert counts as told
before it is sent, and only what surely was not sent is taken back: so it may be lost with a worker, and never comes
twice. The shapes are stored in Temporal: fields are added with defaults, never renamed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.desk import CREDENTIALS_REFUSED, PROJECT_UNREACHABLE, TASKLIST_GONE

Channel = Literal["chat", "note"]
AlertKind = Literal[
    "ticket_blocked", "ticket_well", "too_many", "desk_held_up", "desk_well", "webhook_gone", "webhook_well"
]

MOST_TOLD = 500  # tickets that are told of at the same time, so that what is remembered stays small
# Of the whole desk: its tickets show them too, and are not told of one by one.
OF_DESKS = frozenset({*CREDENTIALS_REFUSED.values(), PROJECT_UNREACHABLE, TASKLIST_GONE})
MISSING = "missing"  # a webhook that was there, and is not any more


class Alert(BaseModel):
    """One thing to tell. `code` is the reason, or how the webhook is; `since` when it began, where that is known."""

    model_config = ConfigDict(frozen=True)

    kind: AlertKind
    code: str = ""
    ticket_id: int | None = None
    task_id: int | None = None
    since: datetime | None = None


class Blocked(BaseModel):
    """A ticket that has been blocked for long enough."""

    model_config = ConfigDict(frozen=True)

    code: str
    since: datetime | None = None
    task_id: int | None = None


class Standing(BaseModel):
    """How a desk stands now. `in_trouble`: of the tickets that were told of, those that are not well yet.

    `held_up` are the causes that hold up the whole desk. `webhook` is what is wrong with it, None when it is well;
    it says nothing unless `webhook_seen`.
    """

    blocked: Mapping[int, Blocked] = {}
    in_trouble: frozenset[int] = frozenset()
    held_up: tuple[str, ...] = ()
    webhook: str | None = None
    webhook_seen: bool = False


class Told(BaseModel):
    """What a channel was told of and is not over: for each ticket the reasons, so that none is repeated."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tickets: dict[int, tuple[str, ...]] = {}
    too_many: bool = False
    held_up: tuple[str, ...] = ()
    webhook: str | None = None

    def news(self, now: Standing) -> tuple[Alert, ...]:
        """What it is to be told, if that is how the desk stands."""
        return (*self._of_desk(now), *self._of_webhook(now), *self._of_tickets(now))

    def after(self, alerts: Iterable[Alert]) -> "Told":
        told = self
        for alert in alerts:
            told = told._after_one(alert)
        return told

    def taken_back(self, alerts: Iterable[Alert], before: "Told") -> "Told":
        """As if these alerts were none: what they are about is as it was before."""
        told = self
        for alert in alerts:
            told = told._as_before(alert, before)
        return told

    # --- news

    def _of_desk(self, now: Standing) -> list[Alert]:
        begun = [Alert(kind="desk_held_up", code=code) for code in now.held_up if code not in self.held_up]
        over = [Alert(kind="desk_well", code=code) for code in self.held_up if code not in now.held_up]
        return [*over, *begun]

    def _of_webhook(self, now: Standing) -> list[Alert]:
        if not now.webhook_seen or now.webhook == self.webhook:
            return []
        kind: AlertKind = "webhook_well" if now.webhook is None else "webhook_gone"
        return [Alert(kind=kind, code=now.webhook or self.webhook or "")]

    def _of_tickets(self, now: Standing) -> list[Alert]:
        over = [Alert(kind="ticket_well", ticket_id=one) for one in self.tickets if one not in now.in_trouble]
        new = [
            Alert(kind="ticket_blocked", ticket_id=one, **dict(blocked))
            for one, blocked in now.blocked.items()
            if blocked.code not in OF_DESKS and blocked.code not in self.tickets.get(one, ())
        ]
        first_told = [alert for alert in new if alert.ticket_id not in self.tickets]
        room = MOST_TOLD - len(self.tickets) + len(over)
        left_out = {alert.ticket_id for alert in first_told[room:]}
        too_many = [Alert(kind="too_many")] if left_out and not self.too_many else []
        return [*over, *(alert for alert in new if alert.ticket_id not in left_out), *too_many]

    # --- after

    def _after_one(self, alert: Alert) -> "Told":
        match alert.kind:
            case "ticket_blocked" | "ticket_well":
                return self._after_ticket(alert)
            case "too_many":
                return self.model_copy(update={"too_many": True})
            case "desk_held_up":
                return self.model_copy(update={"held_up": (*self.held_up, alert.code)})
            case "desk_well":
                return self.model_copy(update={"held_up": tuple(one for one in self.held_up if one != alert.code)})
            case "webhook_gone":
                return self.model_copy(update={"webhook": alert.code})
            case "webhook_well":
                return self.model_copy(update={"webhook": None})

    def _after_ticket(self, alert: Alert) -> "Told":
        ticket_id = alert.ticket_id or 0
        others = {one: reasons for one, reasons in self.tickets.items() if one != ticket_id}
        if alert.kind == "ticket_well":
            too_many = self.too_many and len(others) > MOST_TOLD // 2
            return self.model_copy(update={"tickets": others, "too_many": too_many})
        reasons = (*self.tickets.get(ticket_id, ()), alert.code)
        return self.model_copy(update={"tickets": {**others, ticket_id: reasons}})

    def _as_before(self, alert: Alert, before: "Told") -> "Told":
        if alert.ticket_id is None:
            return self.model_copy(update=before.model_dump(include={"too_many", "held_up", "webhook"}))
        others = {one: reasons for one, reasons in self.tickets.items() if one != alert.ticket_id}
        known = {one: reasons for one, reasons in before.tickets.items() if one == alert.ticket_id}
        return self.model_copy(update={"tickets": {**others, **known}})


class AlertState(BaseModel):
    """Everything that survives a continue-as-new: what each channel was told, and whether the webhook was ever there.

    A desk that never had one made by us, because it uses triggers or the older form, misses none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    desk: str
    chat: Told = Told()
    note: Told = Told()
    webhook_was_there: bool = False


class AlertsFound(BaseModel):
    """What is to be told now, by channel. `off`: the desk's settings want no alerts any more."""

    off: bool = False
    chat: tuple[Alert, ...] = ()
    note: tuple[Alert, ...] = ()
    webhook_was_there: bool = False


class TellRequest(BaseModel):
    """Alerts of a desk for one channel; a note is about one ticket."""

    desk: str
    alerts: tuple[Alert, ...]

"""What a sandbox account is made of, and what can be tuned while it runs."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field


class CustomStatus(BaseModel):
    """A ticket status of the account; `category` is one of the built-in ones except closed."""

    id: int
    category: str
    agent_label: str
    default: bool = True


class CustomField(BaseModel):
    """A custom ticket field of the account."""

    id: int
    title: str
    type: str


class Limits(BaseModel):
    """Calls allowed per minute, `ticket_updates` per ticket and ten minutes (reference/zendesk-api §9, §14)."""

    model_config = ConfigDict(extra="forbid")

    account: int = Field(700, ge=1)
    tickets_index: int = Field(100, ge=1)
    incremental_exports: int = Field(10, ge=1)
    deleted_tickets: int = Field(10, ge=1)
    webhooks: int = Field(100, ge=1)
    webhook_tests: int = Field(20, ge=1)
    ticket_updates: int = Field(30, ge=1)


class DeliveryTuning(BaseModel):
    """`timeout_seconds`: how long a receiver may take. `retry_time_factor` scales the waits between attempts, also
    those a receiver asks for; 0 retries at once. `in_order`: an event of a ticket waits until the one before it was
    tried once. `circuit_breaker`: a receiver that answers mostly errors is left alone, as by the real one.
    `tests_signed_publicly`: whether a test call of an existing webhook is signed with the public test secret too.
    """

    model_config = ConfigDict(extra="forbid")

    timeout_seconds: float = Field(12.0, gt=0)
    retry_time_factor: float = Field(1.0, ge=0)
    in_order: bool = True
    circuit_breaker: bool = True
    tests_signed_publicly: bool = False


class Tuning(BaseModel):
    """What the control API can change. `export_withheld_seconds` is at least 1: within the running second a ticket
    could change again behind the cursor and never be seen.
    """

    model_config = ConfigDict(extra="forbid")

    export_withheld_seconds: int = Field(60, ge=1)
    custom_statuses_enabled: bool = True
    limits: Limits = Limits()
    delivery: DeliveryTuning = DeliveryTuning()

    def merge(self, patch: dict[str, Any]) -> None:
        """Take over `patch`, nested objects key by key; ValidationError leaves everything as it was."""
        self._take(type(self).model_validate(_merged(self.model_dump(), patch)))

    def restore_from(self, other: Self) -> None:
        self._take(other.model_copy(deep=True))

    def _take(self, other: Self) -> None:
        for name in type(self).model_fields:
            setattr(self, name, getattr(other, name))


def _merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    nested = {key: _merged(base[key], value) for key, value in patch.items() if _both_objects(base.get(key), value)}
    return base | patch | nested


def _both_objects(left: object, right: object) -> bool:
    return isinstance(left, dict) and isinstance(right, dict)


def _default_statuses() -> list[CustomStatus]:
    return [
        CustomStatus(id=8447320465710, category="new", agent_label="New"),
        CustomStatus(id=8447320465790, category="open", agent_label="Open"),
        CustomStatus(id=8447320465830, category="pending", agent_label="Pending"),
        CustomStatus(id=8447320465870, category="hold", agent_label="On-hold"),
        CustomStatus(id=8447320465910, category="solved", agent_label="Solved"),
        CustomStatus(id=8447320465950, category="open", agent_label="In development", default=False),
    ]


class ZendeskSettings(BaseModel):
    """The account and its credentials. `email` with `api_token` is the admin a client signs in as; the token works
    with the e-mail of every other user too, as Zendesk's does.
    """

    subdomain: str = "sandbox"
    account_id: int = 11223344
    email: str = "sync@sandbox.example"
    api_token: str = "zendesk-sandbox-token"  # noqa: S105 - the sandbox prints it at start
    oauth_token: str = "zendesk-sandbox-oauth"  # noqa: S105 - the same
    brand_id: int = 8447346621310
    ticket_form_id: int = 8646151517822
    group_id: int = 8447320466430
    organization_id: int = 8447346622462
    custom_statuses: list[CustomStatus] = Field(default_factory=_default_statuses)
    custom_fields: list[CustomField] = [CustomField(id=8447320467001, title="Product", type="tagger")]
    seed: int = 0
    tuning: Tuning = Tuning()

    def status_of_category(self, category: str) -> int | None:
        """The id of the default status of a category; None for closed, which has none of its own."""
        return next((one.id for one in self.custom_statuses if one.category == category and one.default), None)

    def category_of_status(self, custom_status_id: int) -> str | None:
        return next((one.category for one in self.custom_statuses if one.id == custom_status_id), None)

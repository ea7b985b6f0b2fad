"""What counts as a difference between a desk's webhook and the one it should have, and what puts it right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsync.sync.policy import Policy
from ticketsync.zendesk.kinds import KNOWN, stored_kinds
from ticketsync.zendesk.webhook_drift import (
    OF_TRIGGERS,
    Drift,
    Wanted,
    drifts,
    failing_drift,
    noted_url,
    number_drift,
    outcome_of,
    own_webhooks,
    repair,
    secret_drift,
    subscriptions_of,
    wanted_webhook,
)
from ticketsync.zendesk.webhooks import Invocation, Webhook

URL = "https://hooks.acme.example/webhooks/zendesk/acme"
NOW = datetime(2026, 1, 15, 10, tzinfo=UTC)
WANTED = wanted_webhook("acme", URL, stored_kinds(Policy()))


def webhook_of(wanted: Wanted, webhook_id: str = "01") -> Webhook:
    """The webhook that Zendesk shows after it was created as wanted."""
    fields = wanted.fields
    return Webhook(id=webhook_id, **fields | {"subscriptions": frozenset(fields["subscriptions"])})


def repaired(webhook: Webhook, wanted: Wanted) -> Webhook:
    """As Zendesk changes it by PATCH (reference/zendesk-api §4)."""
    changes = repair(webhook, wanted)
    if "subscriptions" in changes:
        changes["subscriptions"] = frozenset(changes["subscriptions"])
    return replace(webhook, **changes)


RIGHT = webhook_of(WANTED)

names = st.sampled_from(["ticketsync acme", "ticketsync", "other"])
endpoints = st.sampled_from([URL, "https://old.acme.example/webhooks/zendesk/acme", "https://x.example", ""])
subscriptions = st.frozensets(st.sampled_from(sorted(subscriptions_of(KNOWN))), max_size=12)
webhooks = st.builds(
    Webhook,
    id=st.text("0123456789ABCDEF", min_size=1, max_size=4),
    name=names,
    endpoint=endpoints,
    status=st.sampled_from(["active", "inactive", ""]),
    http_method=st.sampled_from(["POST", "GET"]),
    request_format=st.sampled_from(["json", "xml"]),
    subscriptions=subscriptions,
    description=st.sampled_from(["", "by hand", WANTED.description, "Leads to https://old.acme.example/"]),
)
wanteds = st.builds(
    wanted_webhook,
    st.just("acme"),
    st.sampled_from([URL, "https://new.example/webhooks/zendesk/acme"]),
    st.frozensets(st.sampled_from(sorted(KNOWN)), min_size=1),
)


# --- for every webhook


@given(wanteds)
def test_a_webhook_made_as_wanted_has_no_drift(wanted: Wanted) -> None:
    assert drifts(webhook_of(wanted), wanted) == []
    assert repair(webhook_of(wanted), wanted) == {}


@given(webhooks, wanteds)
def test_a_repair_leaves_nothing_to_repair(webhook: Webhook, wanted: Wanted) -> None:
    assert drifts(repaired(webhook, wanted), wanted) == []


@given(webhooks, wanteds)
def test_a_repair_changes_only_what_differs(webhook: Webhook, wanted: Wanted) -> None:
    whole, changes = webhook_of(wanted), repair(webhook, wanted)
    needless = {name for name in changes if getattr(webhook, name) == getattr(whole, name)}
    assert needless <= {"http_method", "request_format"}  # these two go together
    assert (changes == {}) == (drifts(webhook, wanted) == [])


@given(webhooks, wanteds)
def test_every_drift_is_told_once_and_in_words(webhook: Webhook, wanted: Wanted) -> None:
    found = drifts(webhook, wanted)
    assert len({drift.code for drift in found}) == len(found)
    assert all(drift.found and "None" not in drift.found for drift in found)


@given(webhooks)
def test_one_for_triggers_is_never_repaired_into_one_for_events(webhook: Webhook) -> None:
    of_triggers = replace(webhook, subscriptions=frozenset({OF_TRIGGERS}))
    assert [drift.code for drift in drifts(of_triggers, WANTED)] == ["other_kind"]
    assert repair(of_triggers, WANTED) == {}


@given(st.lists(webhooks, max_size=6, unique_by=lambda one: one.id), wanteds)
def test_the_desks_own_are_found_in_any_order(known: list[Webhook], wanted: Wanted) -> None:
    mine = own_webhooks(known, wanted)
    assert mine == own_webhooks(reversed(known), wanted)
    assert all(one.name == wanted.name or one.endpoint == wanted.endpoint for one in mine)
    if any(one.name == wanted.name for one in known):
        assert all(one.name == wanted.name for one in mine)
    leading = [one for one in mine if one.endpoint == wanted.endpoint]
    if leading:
        assert mine[0].endpoint == wanted.endpoint
        assert mine[0].status == "active" or all(one.status != "active" for one in leading)


# --- each difference


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        ({"status": "inactive"}, "deactivated", "its status is inactive"),
        ({"name": "by hand"}, "other_name", "it is not named 'ticketsync acme'"),
        ({"endpoint": "https://x.example/y"}, "other_url", f"it leads to https://x.example/y instead of {URL}"),
        ({"http_method": "PUT"}, "other_form", "it sends PUT json"),
        ({"request_format": "xml"}, "other_form", "it sends POST xml"),
        ({"description": ""}, "other_description", "its description does not say where it should lead"),
    ],
)
def test_a_single_difference_is_named(change: dict[str, Any], code: str, found: str) -> None:
    assert drifts(replace(RIGHT, **change), WANTED) == [Drift(code, found)]  # type: ignore[arg-type]


def test_events_that_are_missing_and_those_too_many_are_both_named() -> None:
    changed = RIGHT.subscriptions - subscriptions_of(["merged", "created"]) | subscriptions_of(["comment_added"])
    (drift,) = drifts(replace(RIGHT, subscriptions=frozenset(changed)), WANTED)
    assert drift == Drift("other_events", "not told: created, merged; told needlessly: comment_added")


def test_without_a_url_the_endpoint_is_no_drift_but_is_known_from_the_description() -> None:
    anywhere = replace(WANTED, endpoint=None)
    moved = replace(RIGHT, endpoint="https://x.example")
    assert drifts(moved, anywhere) == []
    assert noted_url(moved) == URL
    assert noted_url(replace(RIGHT, description="by hand")) is None
    with pytest.raises(ValueError, match="endpoint"):
        _ = anywhere.fields


def test_without_a_url_one_that_leads_to_the_desks_path_is_the_desks() -> None:
    anywhere = replace(WANTED, endpoint=None)
    by_hand = replace(RIGHT, name="by hand", endpoint="https://other.example/webhooks/zendesk/acme")
    foreign = replace(RIGHT, name="by hand", endpoint="https://other.example/webhooks/zendesk/globex")
    assert own_webhooks([foreign, by_hand], anywhere) == [by_hand]
    assert own_webhooks([foreign, by_hand], WANTED) == []


def test_one_for_triggers_is_the_desks_by_its_name_only() -> None:
    by_name = replace(RIGHT, subscriptions=frozenset({OF_TRIGGERS}))
    by_hand = replace(by_name, name="by hand")
    assert own_webhooks([by_hand, by_name], WANTED) == [by_name]
    assert own_webhooks([by_hand], WANTED) == own_webhooks([by_hand], replace(WANTED, endpoint=None)) == []


def test_a_desk_has_one_webhook() -> None:
    assert number_drift([RIGHT]) is None
    assert [drift and drift.code for drift in (number_drift([]), number_drift([RIGHT, RIGHT]))] == [
        "missing",
        "several",
    ]


def test_the_secret_must_be_one_of_those_in_the_settings() -> None:
    assert secret_drift("new", ["old", "new"]) is None
    rotated, none = secret_drift("new", ["old"]), secret_drift("new", [])
    assert rotated is not None
    assert none is not None
    assert (rotated.code, none.code) == ("secret_rotated", "no_secret")
    assert "new" not in rotated.found + none.found


# --- deliveries


def row(status: str, minutes_ago: float, invocation: str = "", code: int | None = None) -> Invocation:
    return Invocation(invocation or f"{status}-{minutes_ago}", status, code, NOW - timedelta(minutes=minutes_ago))


def failing(*rows: Invocation) -> str | None:
    drift = failing_drift(outcome_of(rows), NOW)
    return drift.found if drift else None


def test_no_deliveries_and_only_good_ones_are_no_drift() -> None:
    assert failing() is None
    assert failing(row("success", 1, code=202), row("success", 2, code=200)) is None


def test_failures_of_the_last_hour_are_a_drift_by_their_kinds() -> None:
    rows = [row("success", 1, code=202), row("terminated", 50, code=401), row("terminated", 55, code=401)]
    found = failing(*rows, row("circuit broken", 58))
    assert found == "3 of the last 4 deliveries failed: 1 circuit broken, 2 terminated with 401"


def test_older_failures_are_a_drift_until_something_succeeded() -> None:
    failed = row("terminated", 300, code=500)
    assert failing(failed) is not None
    assert failing(failed, row("success", 400, code=202)) is not None
    assert failing(failed, row("success", 200, code=202)) is None
    assert failing(failed, row("success", 200, code=202), row("success", 400, code=202)) is None
    assert failing(row("terminated", 61), row("success", 1, code=202)) is None


def test_of_several_attempts_only_the_newest_counts() -> None:
    """The log has a row for each (reference/zendesk-api §4)."""
    rows = [row("success", 1, "one", 202), row("failed", 2, "one", 409), row("throttled", 3, "one")]
    assert outcome_of(rows) == outcome_of(rows[::-1])
    assert (outcome_of(rows).deliveries, outcome_of(rows).failed) == (1, 0)


def test_a_delivery_that_is_only_held_back_has_not_failed() -> None:
    assert failing(row("throttled", 1)) is None


@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from(["success", "terminated", "failed", "throttled", "circuit broken", "something new"]),
            st.floats(0, 3000),
            st.sampled_from(["a", "b", "c", "d"]),
            st.sampled_from([None, 202, 401, 500]),
        ),
        unique_by=lambda one: one.at,
    ),
    st.randoms(),
)
def test_the_outcome_does_not_depend_on_the_order_of_the_rows(rows: list[Invocation], dice: Any) -> None:
    shuffled = list(rows)
    dice.shuffle(shuffled)
    outcome = outcome_of(rows)
    assert outcome == outcome_of(shuffled)
    assert outcome.failed <= outcome.deliveries == len({one.id for one in rows})
    drift = failing_drift(outcome, NOW)
    newest = {one.id: one for one in sorted(rows, key=lambda one: one.at)}.values()
    recent = any(one.status not in {"success", "throttled"} and NOW - one.at <= timedelta(hours=1) for one in newest)
    assert drift is not None or not recent
    assert drift is None or outcome.failed

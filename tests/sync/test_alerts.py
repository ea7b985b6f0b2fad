"""People are told once of each change of state, and never again of the same."""

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import examples
from ticketsync.sync.alerts import MOST_TOLD, OF_DESKS, Alert, Blocked, Standing, Told

REFUSED, FORBIDDEN = Blocked(code="refused"), Blocked(code="forbidden")


def blocked(*ticket_ids: int, by: Blocked = REFUSED) -> Standing:
    return Standing(blocked=dict.fromkeys(ticket_ids, by), in_trouble=frozenset(ticket_ids))


def told_of(*moments: Standing) -> list[list[Alert]]:
    """What is told at each of these moments, one after the other."""
    told, news = Told(), []
    for now in moments:
        alerts = told.news(now)
        told = told.after(alerts)
        news.append(list(alerts))
    return news


def kinds(alerts: list[Alert]) -> list[tuple[str, str, int | None]]:
    return [(alert.kind, alert.code, alert.ticket_id) for alert in alerts]


def test_a_blocked_ticket_is_told_of_once_and_once_when_it_is_over() -> None:
    first, again, over, quiet = told_of(blocked(1), blocked(1), Standing(), Standing())
    assert kinds(first) == [("ticket_blocked", "refused", 1)]
    assert kinds(over) == [("ticket_well", "", 1)]
    assert again == quiet == []


def test_a_ticket_that_is_tried_again_is_not_over() -> None:
    _, tried, blocked_again = told_of(blocked(1), Standing(in_trouble=frozenset({1})), blocked(1))
    assert tried == blocked_again == []


def test_another_reason_is_told_and_one_that_comes_back_is_not() -> None:
    _, other, back = told_of(blocked(1), blocked(1, by=FORBIDDEN), blocked(1))
    assert kinds(other) == [("ticket_blocked", "forbidden", 1)]
    assert back == []


def test_a_ticket_that_was_well_in_between_is_told_of_again() -> None:
    *_, again = told_of(blocked(1), Standing(), blocked(1))
    assert kinds(again) == [("ticket_blocked", "refused", 1)]


def test_a_cause_of_the_whole_desk_is_told_once_and_not_for_each_ticket() -> None:
    for code in OF_DESKS:
        held_up = Standing(held_up=(code,), blocked=dict.fromkeys(range(1, 99), Blocked(code=code)))
        first, again, over, quiet = told_of(held_up, held_up, Standing(), Standing())
        assert kinds(first) == [("desk_held_up", code, None)]
        assert kinds(over) == [("desk_well", code, None)]
        assert again == quiet == []


def test_a_desk_that_fails_in_another_way_says_what_is_over_and_what_is_new() -> None:
    _, other = told_of(Standing(held_up=("credentials_refused",)), Standing(held_up=("tasklist_gone",)))
    assert kinds(other) == [("desk_well", "credentials_refused", None), ("desk_held_up", "tasklist_gone", None)]


def test_a_webhook_is_told_of_only_when_it_was_looked_at() -> None:
    gone, well = Standing(webhook="missing", webhook_seen=True), Standing(webhook_seen=True)
    first, unknown, again, over = told_of(gone, Standing(), gone, well)
    assert kinds(first) == [("webhook_gone", "missing", None)]
    assert kinds(over) == [("webhook_well", "missing", None)]
    assert unknown == again == []


def test_what_is_remembered_is_bounded_and_that_is_told_once() -> None:
    many = range(1, MOST_TOLD + 101)
    flood, again, one_well, still = told_of(blocked(*many), blocked(*many), *[blocked(*many[1:])] * 2)
    assert len(flood) == MOST_TOLD + 1
    assert kinds(flood)[-1] == ("too_many", "", None)
    assert again == still == []
    assert [alert.kind for alert in one_well] == ["ticket_well", "ticket_blocked"], "its room is another's"


def test_what_was_surely_not_told_is_told_the_next_time() -> None:
    now = blocked(1, 2).model_copy(update={"held_up": ("tasklist_gone",), "webhook": "missing", "webhook_seen": True})
    before = Told(tickets={1: ("forbidden",)})
    alerts = before.news(now)
    told = before.after(alerts)
    assert told.news(now) == ()
    assert told.taken_back(alerts, before) == before
    only_second = [alert for alert in alerts if alert.ticket_id == 2]
    assert told.taken_back(only_second, before).news(now) == tuple(only_second)


codes = st.sampled_from(["refused", "forbidden", "credentials_refused"])
standings = st.builds(
    lambda tickets, troubled, held_up, webhook, seen: Standing(
        blocked={one: Blocked(code=code) for one, code in tickets.items()},
        in_trouble=frozenset({*tickets, *troubled}),
        held_up=held_up,
        webhook=webhook,
        webhook_seen=seen,
    ),
    st.dictionaries(st.integers(1, 4), codes),
    st.sets(st.integers(1, 4)),
    st.lists(st.sampled_from(["credentials_refused", "tasklist_gone"]), unique=True).map(tuple),
    st.sampled_from([None, "missing", "deactivated"]),
    st.booleans(),
)


@examples(300)
@given(st.lists(standings, max_size=8))
def test_whatever_happens_nothing_is_told_twice_in_a_row(moments: list[Standing]) -> None:
    told = Told()
    for now in moments:
        told = told.after(told.news(now))
        assert told.news(now) == ()
        assert set(told.tickets) <= now.in_trouble

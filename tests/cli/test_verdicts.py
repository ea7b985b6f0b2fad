"""The verdict of `ticketsync check`: is the desk ready, how much is to do, and what comes first?"""

from ticketsync.cli.checks import SERVICE, CheckLine, Outcome
from ticketsync.cli.verdicts import verdict_of

WORKER = "run ticketsync worker"
INSTALL = "run ticketsync webhook install --desk acme --url https://YOUR-SERVER"


def line(name: str, outcome: Outcome, to_do: str = "", of: str = "acme") -> CheckLine:
    return CheckLine(of=of, name=name, outcome=outcome, found=f"{name} as it is", next=to_do)


def said(*lines: CheckLine) -> str:
    return verdict_of("acme", lines).said


def test_a_desk_with_nothing_to_do_is_ready() -> None:
    assert said(line("redis", "ok", of=SERVICE), line("zendesk", "ok")) == "ready"


def test_what_is_ok_is_nothing_to_do_even_with_advice() -> None:
    assert said(line("directory", "ok", "run ticketsync users match --desk acme")) == "ready"


def test_warnings_leave_a_desk_ready_and_are_to_do() -> None:
    assert said(line("webhook", "warning", INSTALL)) == f"ready, 1 thing to do: {INSTALL}"


def test_failures_come_first_then_the_order_in_which_things_are_mended() -> None:
    lines = (
        line("webhook", "warning", INSTALL),
        line("project", "failed", "correct TEAMWORK_PROJECT_ID"),
        line("redis", "failed", "start Redis", of=SERVICE),
    )
    verdict = verdict_of("acme", lines)
    assert verdict.to_do == ["start Redis", "correct TEAMWORK_PROJECT_ID", INSTALL]
    assert verdict.said == "not ready, 3 things to do; first: start Redis"


def test_what_is_mended_with_another_is_no_thing_of_its_own() -> None:
    """Before anything was started: a worker registers the attributes and starts the desk, install keeps the secret."""
    lines = (
        line("search attributes", "failed", "start a worker", of=SERVICE),
        line("worker", "failed", WORKER, of=SERVICE),
        line("workflow", "failed", f"{WORKER} with this desk"),
        line("webhook", "warning", INSTALL),
        line("webhook secret", "warning", "run ticketsync webhook install --desk acme"),
    )
    assert verdict_of("acme", lines).to_do == [WORKER, INSTALL]
    assert verdict_of("acme", lines[:1]).to_do == ["start a worker"]


def test_the_trouble_of_another_desk_is_none_of_this_one() -> None:
    lines = (line("zendesk", "failed", "give another token", of="globex"), line("zendesk", "ok"))
    assert said(*lines) == "ready"
    assert verdict_of("globex", lines).outcome == "failed"


def test_a_failure_without_advice_is_told_by_what_was_found() -> None:
    assert said(line("workflow", "failed")) == "not ready, 1 thing to do: workflow: workflow as it is"


def test_the_same_advice_counts_once() -> None:
    lines = (line("teamwork", "failed", "wait"), line("project", "failed", "wait"))
    assert said(*lines) == "not ready, 1 thing to do: wait"


def test_a_check_that_has_no_place_in_the_order_comes_last() -> None:
    lines = (line("newer", "failed", "look"), line("worker", "failed", WORKER, of=SERVICE))
    assert verdict_of("acme", lines).to_do == [WORKER, "look"]

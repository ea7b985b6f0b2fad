"""What the lines of `ticketsync check` come to for a desk: is it ready, and what is to be done first?"""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel

from ticketsync.cli.checks import SERVICE, CheckLine, Outcome, worst

# In the order in which they are mended best: what stands later often needs what stands before it.
ORDER = (
    *("temporal", "namespace", "redis", "zendesk", "teamwork", "project", "task list"),
    *("search attributes", "worker", "worker deployment", "workflow", "queues", "webhook", "webhook secret"),
    *("routes", "templates", "directory", "alerts"),
)
# What is mended together with another, or can only be seen after that: no thing of its own while the other is to do.
MENDED_WITH = {
    "search attributes": "worker",
    "workflow": "worker",
    "queues": "worker",
    "webhook": "zendesk",
    "webhook secret": "webhook",
    "alerts": "worker",
}


class Verdict(BaseModel):
    """Of one desk. `to_do`: what to do about all that is not ok, in the order in which to do it, each once."""

    outcome: Outcome
    to_do: list[str]
    said: str


def verdict_of(desk: str, lines: Iterable[CheckLine]) -> Verdict:
    """By the desk's own checks and those of the whole service."""
    own = [line for line in lines if line.of in (SERVICE, desk)]
    outcome, to_do = worst(own), list(dict.fromkeys(_to_do(own)))
    return Verdict(outcome=outcome, to_do=to_do, said=_said(outcome, to_do))


def _to_do(lines: Sequence[CheckLine]) -> Iterator[str]:
    """Failures first."""
    trouble = sorted((line for line in lines if line.outcome != "ok"), key=_turn)
    names = {line.name for line in trouble}
    for line in trouble:
        if MENDED_WITH.get(line.name) not in names:
            yield line.next or f"{line.name}: {line.found}"


def _turn(line: CheckLine) -> tuple[bool, int]:
    return line.outcome != "failed", ORDER.index(line.name) if line.name in ORDER else len(ORDER)


def _said(outcome: Outcome, to_do: Sequence[str]) -> str:
    if not to_do:
        return "ready"
    readiness = "not ready" if outcome == "failed" else "ready"
    if len(to_do) == 1:
        return f"{readiness}, 1 thing to do: {to_do[0]}"
    return f"{readiness}, {len(to_do)} things to do; first: {to_do[0]}"

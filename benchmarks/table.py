"""One table: ratios first, then the values beside each other."""

from collections.abc import Sequence

from rich.table import Table

from benchmarks.figures import Figure, Goal

HEADS = ("", "ratio", "ours", "against", "unit", "goal", "")
VERDICTS = {True: "met", False: "missed", None: ""}
STYLES = {True: "green", False: "bold red", None: ""}


def row(figure: Figure) -> tuple[str, ...]:
    ratio, other = figure.ratio, figure.compared_with
    return (
        figure.what,
        "" if ratio is None else f"{ratio:.2f}",
        number(figure.value),
        "" if other is None else f"{number(other)} ({figure.beside})",
        figure.unit,
        ", ".join(_goal(figure, goal) for goal in figure.goals),
        VERDICTS[figure.is_met],
    )


def table(title: str, figures: Sequence[Figure]) -> Table:
    shown = Table(title=title, title_justify="left")
    for head in HEADS:
        shown.add_column(head, justify="right" if head in ("ratio", "ours", "against") else "left")
    for figure in figures:
        shown.add_row(*row(figure), style=STYLES[figure.is_met])
    return shown


def number(value: float) -> str:
    """Three digits that count, no more."""
    if value == round(value) or abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _goal(figure: Figure, goal: Goal) -> str:
    sign = "≥" if figure.better == "more" else "≤"
    return f"{'ratio ' if goal.of == 'ratio' else ''}{sign} {goal.limit:g}"

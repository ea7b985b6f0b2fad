"""When a run has become long enough to be continued as new, apart from Temporal's own suggestion."""

from temporalio import workflow

SIGNALS_PER_RUN = 2_000  # the server refuses the 10,001st of a run for good
# Until a run ends, the worker that has it cached keeps what was sent and answered in it: 14 KiB for each change, of
# about twelve events (docs/scaling.md). Over that many events a run ends as soon as there is nothing to do.
EVENTS_AT_REST = 200


def is_too_long(signals: int) -> bool:
    return workflow.info().is_continue_as_new_suggested() or signals >= SIGNALS_PER_RUN


def ends_here(*, at_rest: bool) -> bool:
    """Whether a run that has nothing to do is long enough. Runs begun by earlier code went on: they still replay."""
    long_enough = at_rest and workflow.info().get_current_history_length() >= EVENTS_AT_REST
    return long_enough and workflow.patched("ends-at-rest")

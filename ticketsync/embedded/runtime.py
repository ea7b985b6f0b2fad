"""The Temporal SDK's runtime for what this folder does: starting, probing and downloading a server."""

from functools import cache

from temporalio.runtime import Runtime, TelemetryConfig


@cache
def own_runtime() -> Runtime:
    """Not the default one: the process may still want to set that up, with its metrics.

    One for the whole process and never freed: the SDK (1.35) panics when one is freed while a call of it ends.
    """
    return Runtime(telemetry=TelemetryConfig())

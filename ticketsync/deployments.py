"""The worker deployment whose versions Temporal routes to, when TICKETSYNC_WORKER_DEPLOYMENT names one.

Until one version of a deployment is the current one, no workflow task reaches any of its workers.
"""

import asyncio
import time
from datetime import timedelta

from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ticketsync.temporal import TemporalError

CALL_TIMEOUT = timedelta(seconds=5)
KNOWN_WITHIN = timedelta(seconds=60)
PAUSE = 0.5
# The server hears of a version with its first poll, and other changes of the deployment may be under way.
NOT_YET = frozenset(
    {
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.ABORTED,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
    }
)


async def current_build(client: Client, deployment: str) -> str | None:
    """The build id of the current version; None when there is none, or no such deployment. Raises RPCError."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    try:
        answer = await client.workflow_service.describe_worker_deployment(request, timeout=CALL_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    return answer.worker_deployment_info.routing_config.current_deployment_version.build_id or None


async def make_current(client: Client, deployment: str, build_id: str, within: timedelta = KNOWN_WITHIN) -> None:
    """Route to this version, as soon as a worker of it polls. Raises TemporalError when that does not come to be."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build_id, identity=client.identity
    )
    give_up = time.monotonic() + within.total_seconds()
    while True:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request, timeout=CALL_TIMEOUT)
        except RPCError as error:
            if error.status not in NOT_YET or time.monotonic() > give_up:
                raise TemporalError(_not_made_current(deployment, build_id, error)) from None
            await asyncio.sleep(PAUSE)
        else:
            return


def _not_made_current(deployment: str, build_id: str, error: RPCError) -> str:
    command = f"temporal worker deployment set-current-version --deployment-name {deployment} --build-id {build_id}"
    reason = f"{error.status.name}: {error.message}"
    return f"version {build_id} could not be made the current one of {deployment} ({reason}): run {command}"

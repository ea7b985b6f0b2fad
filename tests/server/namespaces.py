"""Namespaces of our own, so that no worker of other tests takes our workflows, and ours none of theirs."""

import uuid

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from ticketsync.temporal import data_converter, register_search_attributes


async def in_new_namespace(address: str) -> Client:
    """A client of a new namespace that has our search attributes."""
    namespace = f"server-{uuid.uuid4()}"
    default = await Client.connect(address)
    await default.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=Duration(seconds=86400))
    )
    client = await Client.connect(address, namespace=namespace, data_converter=data_converter())
    assert await register_search_attributes(client) is None
    return client

"""A desk's workflow from outside: read it, give it a command.

Exceptions, all with the `desk` and a `code`:

DeskCallError
├── NotLinkedError      no worker has started this desk's workflow yet
├── DeskSilentError     Temporal or the worker did not answer in time
└── DeskRefusedError    the workflow said no; `code` is its reason
"""

import asyncio
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel
from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    RPCTimeoutOrCancelledError,
    WorkflowUpdateFailedError,
)

from ticketsync import names
from ticketsync.ask_status import ask_status
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState
from ticketsync.tickets import COMMAND_SECONDS, READ_SECONDS

DeskCommand = Literal["pause", "resume", "add_user", "add_users", "remove_user", "place_task_list"]


class DeskCallError(Exception):
    def __init__(self, desk: str, code: str) -> None:
        super().__init__(f"{desk}: {code}")
        self.desk = desk
        self.code = code


class NotLinkedError(DeskCallError): ...


class DeskSilentError(DeskCallError): ...


class DeskRefusedError(DeskCallError): ...


class DeskView(BaseModel):
    """A desk: `facts` as it published them last; `state` as its workflow says now, None (and a `note` why) without."""

    desk: str
    workflow_id: str
    facts: DeskFacts | None
    state: DeskState | None
    note: str | None

    @classmethod
    def unknown(cls, desk: str, why: str) -> "DeskView":
        """A desk of which nothing could be learned."""
        return cls(desk=desk, workflow_id=names.desk_workflow_id(desk), facts=None, state=None, note=why)


async def read_desk(client: Client, desk: str, seconds: float = READ_SECONDS) -> DeskView:
    """What is known of a desk, within `seconds`. Raises NotLinkedError, DeskSilentError when Temporal is silent."""
    give_up = asyncio.get_running_loop().time() + seconds
    facts = await read_facts(client, desk, seconds)
    handle = client.get_workflow_handle(names.desk_workflow_id(desk))
    state, note = await ask_status(handle, DeskState, give_up)
    return DeskView(desk=desk, workflow_id=names.desk_workflow_id(desk), facts=facts, state=state, note=note)


async def read_facts(client: Client, desk: str, seconds: float = READ_SECONDS) -> DeskFacts | None:
    """What a desk last published; no worker is needed. None before it has published anything. Raises as `read_desk`."""
    handle = client.get_workflow_handle(names.desk_workflow_id(desk))
    try:
        async with asyncio.timeout(seconds):
            description = await handle.describe()
            facts: DeskFacts | None = await description.memo_value(FACTS, None, type_hint=DeskFacts)
    except RPCError as error:
        kind = NotLinkedError if error.status == RPCStatusCode.NOT_FOUND else DeskSilentError
        raise kind(desk, error.status.name) from None
    except TimeoutError:
        raise DeskSilentError(desk, "TIMEOUT") from None
    return facts


async def command_desk(
    client: Client, desk: str, command: DeskCommand, *arguments: Any, seconds: float = COMMAND_SECONDS
) -> None:
    """Give the desk an operator's command. Raises DeskCallError; after DeskSilentError it may still be carried out."""
    handle = client.get_workflow_handle(names.desk_workflow_id(desk))
    try:
        async with asyncio.timeout(seconds):
            await handle.execute_update(command, args=arguments, rpc_timeout=timedelta(seconds=seconds))
    except WorkflowUpdateFailedError as error:
        raise DeskRefusedError(desk, str(error.cause)) from None
    except RPCError as error:
        kind = NotLinkedError if error.status == RPCStatusCode.NOT_FOUND else DeskSilentError
        raise kind(desk, error.status.name) from None
    except (RPCTimeoutOrCancelledError, TimeoutError):
        raise DeskSilentError(desk, "TIMEOUT") from None


async def want_directory(client: Client, desk: str) -> None:
    """Have the desk read its people anew, at most every ten seconds. Raises RPCError."""
    handle = client.get_workflow_handle(names.desk_workflow_id(desk))
    await handle.signal(names.DIRECTORY_WANTED, rpc_timeout=timedelta(seconds=COMMAND_SECONDS))

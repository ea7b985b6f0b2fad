"""The facts that each desk's workflow publishes, as activities look them up."""

import time
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.sync.desk import FACTS, DeskFacts

FACTS_AGE = 2.0  # seconds that "all is well" may be old before the next attempt asks again
LINK_AGE = 30.0  # seconds that the moment of linking may be old
ASK_TIMEOUT = timedelta(milliseconds=500)


class DeskBoard:
    """The facts that desk workflows publish in their memo, with a short memory. Trouble is never remembered."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[str, tuple[float, DeskFacts]] = {}

    async def facts(self, desk: str, max_age: float = FACTS_AGE) -> DeskFacts | None:
        """What the desk says of itself; the last that was heard while Temporal does not answer; None if nothing."""
        seen = self._seen.get(desk)
        if seen is not None and _is_well(seen[1]) and time.monotonic() - seen[0] < max_age:
            return seen[1]
        return await self._ask(desk) or (seen[1] if seen is not None else None)

    async def linked_at(self, desk: str) -> DeskFacts | None:
        """The facts as far as the moment of linking goes; None when Temporal gives no answer now."""
        seen = self._seen.get(desk)
        if seen is not None and time.monotonic() - seen[0] < LINK_AGE:
            return seen[1]
        return await self._ask(desk)

    async def _ask(self, desk: str) -> DeskFacts | None:
        handle = self._client.get_workflow_handle(names.desk_workflow_id(desk))
        try:
            description = await handle.describe(rpc_timeout=ASK_TIMEOUT)
            facts = await description.memo_value(FACTS, None, type_hint=DeskFacts)
        except RPCError:
            return None
        if facts is not None:
            self._seen[desk] = (time.monotonic(), facts)
        return facts


def _is_well(facts: DeskFacts) -> bool:
    return not (facts.paused or facts.teamwork_trouble or facts.zendesk_trouble) and facts.tasklist_id is not None

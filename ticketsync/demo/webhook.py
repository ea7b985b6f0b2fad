"""The desk's webhook in the sandbox Zendesk, installed as in a real account: through the webhooks API."""

from typing import Any

import httpx

from ticketsync.sync.policy import Policy
from ticketsync.zendesk.kinds import stored_kinds

NAME = "ticketsync dev"
WEBHOOKS = "/api/v2/webhooks"
EVENT_TYPE = "zen:event-type:ticket."


async def install_webhook(zendesk: httpx.AsyncClient, endpoint: str, policy: Policy) -> str:
    """The signing secret of the one webhook that tells `endpoint` all that `policy` needs to know.

    One that is there already is put right: its address may have moved since the last start. Raises httpx.HTTPError.
    """
    wanted = _webhook(endpoint, policy)
    known = await _known(zendesk)
    if known is None:
        answer = await _call(zendesk, "POST", WEBHOOKS, {"webhook": wanted})
        known = answer["webhook"]
    elif not wanted.items() <= known.items():
        await _call(zendesk, "PUT", f"{WEBHOOKS}/{known['id']}", {"webhook": wanted})
    answer = await _call(zendesk, "GET", f"{WEBHOOKS}/{known['id']}/signing_secret")
    return str(answer["signing_secret"]["secret"])


def _webhook(endpoint: str, policy: Policy) -> dict[str, Any]:
    return {
        "name": NAME,
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": sorted(f"{EVENT_TYPE}{kind}" for kind in stored_kinds(policy)),
    }


async def _known(zendesk: httpx.AsyncClient) -> dict[str, Any] | None:
    answer = await _call(zendesk, "GET", f"{WEBHOOKS}?filter[name_contains]={NAME}")
    return next((one for one in answer["webhooks"] if one["name"] == NAME), None)


async def _call(
    zendesk: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    answer = (await zendesk.request(method, path, json=body)).raise_for_status()
    content: dict[str, Any] = answer.json() if answer.content else {}
    return content

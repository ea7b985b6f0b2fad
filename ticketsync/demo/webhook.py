"""The desk's webhook in the sandbox Zendesk, installed as `ticketsync webhook install` does it in a real account."""

from ticketsync.settings import DEFAULT_DESK
from ticketsync.sync.policy import Policy
from ticketsync.zendesk import Webhooks, ZendeskClient
from ticketsync.zendesk.kinds import stored_kinds
from ticketsync.zendesk.webhook_drift import own_webhooks, wanted_webhook
from ticketsync.zendesk.webhook_install import put_right


async def install_webhook(zendesk: ZendeskClient, endpoint: str, policy: Policy) -> str:
    """The signing secret of the one webhook that tells `endpoint` all that `policy` needs to know.

    One that is there already is put right: its address may have moved since the last start. Raises ZendeskError.
    """
    webhooks = Webhooks(zendesk)
    wanted = wanted_webhook(DEFAULT_DESK, endpoint, stored_kinds(policy))
    mine = own_webhooks(await webhooks.all(), wanted)
    return await webhooks.secret((await put_right(webhooks, mine, wanted)).webhook_id)

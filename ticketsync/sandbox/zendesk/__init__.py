"""A local Zendesk that answers like the real one for all that ticketsync uses, and one step more.

The facts it is built on are those of reference/zendesk-api; what is assumed there is said beside the code.
"""

from ticketsync.sandbox.zendesk.clock import Clock
from ticketsync.sandbox.zendesk.sandbox import ZendeskSandbox
from ticketsync.sandbox.zendesk.settings import Tuning, ZendeskSettings

__all__ = ["Clock", "Tuning", "ZendeskSandbox", "ZendeskSettings"]

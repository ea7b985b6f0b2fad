"""A local Teamwork site that answers like the real one for all that ticketsync uses, and one step more."""

from ticketsync.sandbox.teamwork.sandbox import TeamworkSandbox
from ticketsync.sandbox.teamwork.settings import (
    ANN_ID,
    BEN_ID,
    DORA_ID,
    SYNC_USER_ID,
    Switches,
    TeamworkSettings,
)
from ticketsync.sandbox.teamwork.site import Clock

__all__ = ["ANN_ID", "BEN_ID", "DORA_ID", "SYNC_USER_ID", "Clock", "Switches", "TeamworkSandbox", "TeamworkSettings"]

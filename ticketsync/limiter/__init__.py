"""How many calls a site gets from us: never more than its quota, over all processes, with or without Redis.

All processes that call one site share one moving window in Redis. Each also counts its own calls, and so:

- Redis is lost: each process goes on with its share of the window, by the number of processes that last announced
  themselves (two while that is not known). What the others called in the last window is not known, so the switch costs
  at most one window more.
- Redis is back: what was called meanwhile is not in it. Each process keeps to its share until a window later, when all
  that counts is in Redis again. So coming back costs nothing.
- Redis was wiped: at most one window more.

With 120 calls a minute (24 in any 12 s) each of these stays at 144 in the worst minute, under Teamwork's real 150.
Calls made inside `behind_others()` come last: they never stand before others, and leave them a third of each window.

The shared window goes by the processes' clocks: one that is some seconds off shortens the window by as much for others.
"""

from ticketsync.limiter.quota import QuotaExceeded, SiteQuota, behind_others
from ticketsync.limiter.windows import Window, window_of

__all__ = ["QuotaExceeded", "SiteQuota", "Window", "behind_others", "window_of"]

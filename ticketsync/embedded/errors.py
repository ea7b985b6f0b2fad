"""What can go wrong with a server of our own.

EmbeddedError
├── TemporalUnavailable   no Temporal binary can be found, downloaded or built
├── RedisUnavailable      no redis-server can be found
├── ServerFailed          a process of ours ended early or did not answer in time
├── NoFreePort            every port from the preferred one on is taken
└── StateInUse            another process keeps its data in the same folder

Each message says what, where, and what to do next.
"""


class EmbeddedError(Exception):
    """A server of our own cannot run."""


class TemporalUnavailable(EmbeddedError):
    """No usable Temporal binary; the message lists every choice tried."""


class RedisUnavailable(EmbeddedError):
    """No usable redis-server; the message says what to install."""


class ServerFailed(EmbeddedError):
    """The process ended early or did not answer in time; the message ends with the tail of its log."""


class NoFreePort(EmbeddedError):
    """No free loopback port near the preferred one."""


class StateInUse(EmbeddedError):
    """Another process holds the folder that was to keep our data."""

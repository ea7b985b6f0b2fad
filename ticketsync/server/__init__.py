"""The HTTP server: webhooks in, signals out; the ticket API; health and metrics."""

from ticketsync.server.app import create_app
from ticketsync.server.edge import Limits
from ticketsync.server.health import ClientProvider
from ticketsync.server.metrics import ServerMetrics, metrics_app
from ticketsync.server.serving import CannotListenError, serve

__all__ = ["CannotListenError", "ClientProvider", "Limits", "ServerMetrics", "create_app", "metrics_app", "serve"]

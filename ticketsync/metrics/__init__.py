"""What a worker counts, beside what Temporal's SDK counts of it; both are shown on the worker's metrics address."""

from ticketsync.metrics.table import WORKER_METRICS, Metric
from ticketsync.metrics.worker import WorkerMetrics

__all__ = ["WORKER_METRICS", "Metric", "WorkerMetrics"]

"""The parts that a cluster has and a laptop has not, as real processes: PostgreSQL, the Temporal server on it, a Redis
that sentinels watch, and a round-robin before several `ticketsync server`.
"""

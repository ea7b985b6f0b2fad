"""Identifiers in the forms Zendesk uses for what is not numbered: ULIDs, and the ids of jobs."""

import secrets
import time
import uuid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80


def new_ulid() -> str:
    """26 characters: 48 bits of milliseconds, then 80 random bits (webhooks, invocations, event sequences)."""
    value = (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def new_uuid() -> str:
    """An event's id."""
    return str(uuid.uuid4())


def new_job_id() -> str:
    """`V3-` and 32 hexadecimal digits."""
    return f"V3-{uuid.uuid4().hex}"

"""What `helm test` runs inside the cluster: a signed event goes in by the Service, and its ticket is read back.

`python helm_test.py SERVER DESK [TICKET]`, with the settings of server and worker. Without a ticket the event is a test
call: it proves address and signing secret, and touches nothing. With the number of a ticket that is there, the event
says that something happened to it: the ticket is read, brought in step, and read back. Ends with 1 and a line that says
what is wrong.
"""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from ticketsync.settings import DeskSettings, load_settings
from ticketsync.zendesk.kinds import TEST_TYPE
from ticketsync.zendesk.signature import sign

WAIT_SECONDS = 120.0
AT_REST = ("in_step", "filtered", "paused", "ended")


def main(server: str, desk_name: str, ticket: str | None = None) -> None:
    desk = load_settings().desk(desk_name)
    if not desk.zendesk.webhook_secrets:
        sys.exit(f"desk {desk_name} has no webhook secret yet: make the webhook, and put its secret into the values")
    if ticket is None:
        deliver(server, desk, {"type": TEST_TYPE}, 200)
        return
    before = look(desk_name, ticket).get("journal")
    deliver(server, desk, {"ticket_id": int(ticket)}, 202)
    read_back(desk_name, ticket, before)


def deliver(server: str, desk: DeskSettings, event: dict[str, Any], expected: int) -> None:
    body, now = json.dumps(event).encode(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = sign(body, now, desk.zendesk.webhook_secrets[0].get_secret_value())
    headers = {"X-Zendesk-Webhook-Signature": signature, "X-Zendesk-Webhook-Signature-Timestamp": now}
    url = f"{server}/webhooks/zendesk/{desk.name}"
    headers["Content-Type"] = "application/json"
    try:
        # A proxy among the pod's variables is for the way out of the cluster.
        answer = httpx.post(url, content=body, headers=headers, timeout=20, trust_env=False)
    except httpx.TransportError as error:
        sys.exit(f"{url} cannot be reached: {type(error).__name__}")
    if answer.status_code != expected:
        sys.exit(f"{url} answered {answer.status_code} instead of {expected}: {answer.text}")
    say(f"a signed event was taken: {answer.text}")


def read_back(desk: str, ticket: str, before: object) -> None:
    """Wait until the ticket has put something new into its journal, and is at rest."""
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        status = look(desk, ticket)
        state = status.get("sync_state", "not known yet")
        if state in AT_REST and status.get("journal") != before:
            say(f"ticket {ticket} was read back: {state}")
            return
        if time.monotonic() > give_up:
            sys.exit(f"ticket {ticket} is not in step after {WAIT_SECONDS:.0f} s: {state}")
        time.sleep(1)


def look(desk: str, ticket: str) -> dict[str, Any]:
    """What the ticket's workflow remembers; empty while nothing is known of it."""
    command = [sys.executable, "-m", "ticketsync", "tickets", "show", ticket, "--desk", desk, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    status: dict[str, Any] | None = json.loads(ran.stdout)["status"] if ran.returncode == 0 else None
    return status or {}


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - helm test --logs shows it


if __name__ == "__main__":
    main(*sys.argv[1:])

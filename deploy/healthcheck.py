"""The image's health check: whether the server, or the worker, answers `/livez`. Ends with 0 when one of them does."""

import http.client
import os
import sys

SECONDS = 4


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS / 2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    server = int(os.environ.get("TICKETSYNC_PORT") or 8080)
    worker = int(os.environ.get("TICKETSYNC_HEALTH_ADDRESS", ":8081").rpartition(":")[2] or 8081)
    sys.exit(not any(answers(port) for port in (server, worker)))

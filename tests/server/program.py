"""`python -m tests.server.program PORT [METRICS_ADDRESS]`: the server as a process of its own, with desk `acme`."""

import sys

from tests.server.desks import a_desk, some_settings
from ticketsync.logs import start_logging
from ticketsync.server import serve

if __name__ == "__main__":
    port, metrics_address = [*sys.argv[1:], None][:2]
    settings = some_settings(
        a_desk("acme"), host="127.0.0.1", port=port, metrics_address=metrics_address, log_format="json"
    )
    start_logging(settings)
    serve(settings)

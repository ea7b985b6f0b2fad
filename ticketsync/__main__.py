"""`python -m ticketsync`."""

from ticketsync.cli import main

main(prog_name="ticketsync")

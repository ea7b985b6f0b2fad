"""ticketsync: one Teamwork task per Zendesk ticket, kept in step by one Temporal workflow each."""

__version__ = "0.1.0"

"""A local Zendesk and a local Teamwork for development, demo and tests."""

"""Settings for the server's tests."""

from typing import Any

from pydantic import SecretStr

from ticketsync.settings import DeskSettings, Settings, TeamworkSettings, ZendeskSettings
from ticketsync.sync.policy import Policy

API_TOKEN = "api-token-of-the-tests"


def secret_of(desk: str) -> str:
    return f"signing-secret-of-{desk}"


def a_desk(name: str, *secrets: str, policy: Policy | None = None) -> DeskSettings:
    """A desk on loopback, with these webhook secrets or one of its own."""
    return DeskSettings(
        name=name,
        zendesk=ZendeskSettings(
            base_url="http://127.0.0.1:1",
            api_token=SecretStr(f"zendesk-token-of-{name}"),
            webhook_secrets=tuple(SecretStr(secret) for secret in secrets or [secret_of(name)]),
        ),
        teamwork=TeamworkSettings(
            base_url="http://127.0.0.1:1", api_token=SecretStr(f"teamwork-token-of-{name}"), project_id=1
        ),
        policy=policy or Policy(),
    )


def some_settings(*desks: DeskSettings, **more: Any) -> Settings:
    values = {"api_token": SecretStr(API_TOKEN), "desks": {desk.name: desk for desk in desks}, **more}
    return Settings(**values)

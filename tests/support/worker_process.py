"""`ticketsync worker` as a process of its own, for the desk of a stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cli.programs import Program, program
from tests.support.stack import PROJECT, Stack

CONFIG = """
[desks.{desk}.zendesk]
base_url = "{zendesk.base_url}"
email = "{zendesk.email}"
api_token_env = "ZENDESK_TOKEN_OF_THE_DESK"

[desks.{desk}.teamwork]
base_url = "{teamwork.base_url}"
api_token_env = "TEAMWORK_TOKEN_OF_THE_DESK"
project_id = {project_id}
calls_per_minute = 3000
"""


@asynccontextmanager
async def worker_process(stack: Stack, folder: Path, **environ: str) -> AsyncIterator[Program]:
    """Started; `environ` adds to what it is told. Its config file is put into the folder."""
    async with program("worker", environ=told_of(stack, folder) | environ) as worker:
        yield worker


def told_of(stack: Stack, folder: Path) -> dict[str, str]:
    """The variables with which a process works for the stack's desk. Its config file is put into the folder."""
    settings, config = stack.desk_settings, folder / "ticketsync.toml"
    config.write_text(CONFIG.format(desk=stack.desk, project_id=PROJECT, **dict(settings)))
    return {
        "TICKETSYNC_CONFIG": str(config),
        "TICKETSYNC_LOG_FORMAT": "json",
        "ZENDESK_TOKEN_OF_THE_DESK": settings.zendesk.api_token.get_secret_value(),
        "TEAMWORK_TOKEN_OF_THE_DESK": settings.teamwork.api_token.get_secret_value(),
        "TEMPORAL_ADDRESS": stack.client.service_client.config.target_host,
        "REDIS_HOST": stack.settings.redis.host,
        "REDIS_PORT": str(stack.settings.redis.port),
    }

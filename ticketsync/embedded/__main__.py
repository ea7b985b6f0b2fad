"""`python -m ticketsync.embedded`: get both servers' binaries now, so that nothing waits for them later."""

import asyncio

import click

from ticketsync.embedded import EmbeddedError, find_redis, find_temporal


def main() -> None:
    """Print where the binaries are; fail with what to do when one cannot be had."""
    try:
        redis = find_redis(click.echo)
        temporal = asyncio.run(find_temporal(click.echo))
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Temporal: {temporal}\nRedis: {redis}")


if __name__ == "__main__":
    click.command()(main)()

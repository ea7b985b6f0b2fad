"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from redis.asyncio import Redis
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

from benchmarks.figures import Machine

GB = 1024**3


async def this_machine(client: Client, redis: Redis) -> Machine:
    answer = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sdk=version("temporalio"),
        temporal=answer.server_version,
        redis=(await redis.info("server"))["redis_version"],
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

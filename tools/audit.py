"""Look whether a locked package has a known vulnerability: `make audit`.

The advisories are those of OSV (osv.dev), asked by pip-audit; nothing is installed or resolved for it. Where they
cannot be reached it says so aloud and does not fail: an outage there, or a machine without network, must not hold up
work. It ends with 1 only when there is a vulnerability.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements/dev.txt", "requirements/redis.txt")  # those of the runtime are among them
OSV = "https://api.osv.dev/v1/query"
ANSWER_SECONDS = 5
WHOLE_SECONDS = 120.0


class CannotAskError(Exception):
    """Why there is no report."""


class Found(NamedTuple):
    """One known vulnerability, and the versions without it."""

    package: str
    version: str
    name: str
    fixed_in: str


def main(url: str) -> int:
    try:
        report = _report(url)
    except CannotAskError as error:
        print(f"SKIPPED: the dependency audit, because {url} could not be asked ({error})")
        return 0
    packages = [package for package in report["dependencies"] if "vulns" in package]
    found = [one for package in packages for one in _found(package)]
    for one in found:
        print(f"{one.package} {one.version}: {one.name}, fixed in {one.fixed_in or 'no version yet'}")
    print(f"{len(packages)} locked packages: {len(found) or 'no'} known vulnerabilities")
    return 1 if found else 0


def _report(url: str) -> dict[str, Any]:
    """What pip-audit found. Raises CannotAskError: it ends with 1 then too, but says nothing on standard output."""
    locks = [argument for lock in LOCKS for argument in ("--requirement", str(ROOT / lock))]
    how = ("--disable-pip", "--format", "json", "--progress-spinner", "off", "--desc", "off")
    where = ("--vulnerability-service", "osv", "--osv-url", url, "--timeout", str(ANSWER_SECONDS))
    command = [sys.executable, "-m", "pip_audit", *how, *where, *locks]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=WHOLE_SECONDS, check=False)  # noqa: S603
        report: dict[str, Any] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        raise CannotAskError(f"not all answers within {WHOLE_SECONDS:g} s") from None
    except ValueError:
        raise CannotAskError(ran.stderr.strip().rpartition("\n")[2]) from None
    return report


def _found(package: dict[str, Any]) -> list[Found]:
    return [
        Found(package["name"], package["version"], vulnerability["id"], ", ".join(vulnerability["fix_versions"]))
        for vulnerability in package["vulns"]
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else OSV))

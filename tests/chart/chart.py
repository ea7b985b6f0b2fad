"""The chart as Helm renders it. A case is one of the files in `charts/ticketsync/ci/`: the matrix of its checks."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "charts" / "ticketsync"
CASES = {path.name.removesuffix("-values.yaml"): path for path in sorted((FOLDER / "ci").glob("*-values.yaml"))}
RELEASE, NAMESPACE = "desk", "support"

Manifest = dict[str, Any]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Chart:
    """Helm with folders of its own, so that nothing of the user's counts."""

    def __init__(self, helm: Path, home: Path, folder: Path = FOLDER) -> None:
        self._helm = helm
        self._home = home
        self._folder = folder
        self._rendered: dict[tuple[str, str], list[Manifest]] = {}

    def at(self, folder: Path) -> "Chart":
        """Another copy of the chart."""
        return Chart(self._helm, self._home, folder)

    def run(self, command: str, *arguments: str | Path) -> Ran:
        homes = {f"HELM_{kind}_HOME": str(self._home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        ran = subprocess.run(  # noqa: S603 - the Helm that was found
            [self._helm, command, *arguments], capture_output=True, text=True, check=False, env=os.environ | homes
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def lint(self, case: str) -> Ran:
        return self.run("lint", "--strict", self._folder, "-f", CASES[case])

    def template(self, case: str, release: str = RELEASE, *options: str) -> Ran:
        """With all that depends on the cluster in the form of the oldest version that is supported."""
        where = ["--namespace", NAMESPACE, "--kube-version", "1.27.0", "-f", str(CASES[case])]
        return self.run("template", release, self._folder, *where, *options)

    def manifests(self, case: str, release: str = RELEASE) -> list[Manifest]:
        if (case, release) not in self._rendered:
            ran = self.template(case, release)
            assert ran.code == 0, ran.err
            self._rendered[case, release] = [document for document in yaml.safe_load_all(ran.out) if document]
        return self._rendered[case, release]

    def one(self, case: str, kind: str, name: str) -> Manifest:
        """The manifest of this kind whose name ends so."""
        (found,) = (one for one in self.manifests(case) if one["kind"] == kind and one["metadata"]["name"] == name)
        return found


def hooks(manifest: Manifest) -> str:
    """At which moments Helm runs it; empty for what stays."""
    annotations: Mapping[str, str] = manifest["metadata"].get("annotations") or {}
    return annotations.get("helm.sh/hook", "")


def pods(manifests: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Each pod that comes of them: kind and name of its manifest, and its spec."""
    for one in manifests:
        called = f"{one['kind']} {one['metadata']['name']}"
        if one["kind"] == "Pod":
            yield called, one["spec"]
        elif "template" in one.get("spec", {}):
            yield called, one["spec"]["template"]["spec"]


def containers(manifests: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for called, pod in pods(manifests):
        for container in pod["containers"]:
            yield f"{called}, container {container['name']}", container

"""`docs/kubernetes.md`: what it tells people to type and to write is what is tested here."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.chart.chart import ROOT, Chart, Manifest
from tests.chart.test_rendering import OF_OTHERS, OLDEST
from tests.docs.pages import PAGES
from tests.docs.shell import commands
from ticketsync import __version__

PAGE = PAGES["docs/kubernetes.md"]
FIRST, *OVERLAYS = PAGE.fences("yaml")
HELM = [words for words in commands(PAGE) if words[0] == "helm"]
LATEST = kubernetes_validate.latest_version().rpartition(".")[0]
CHANGES = ("install", "upgrade")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's folder, in which somebody has written the values of the page."""
    (tmp_path / "charts").symlink_to(ROOT / "charts")
    (tmp_path / "my-values.yaml").write_text(FIRST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page_are_found() -> None:
    assert [words[1] for words in HELM] == ["install", "upgrade", "test", "upgrade"]


@pytest.mark.parametrize("words", HELM, ids=" ".join)
def test_each_helm_command_does_what_it_says(chart: Chart, folder: Path, words: list[str]) -> None:
    _, command, *rest = words
    if command not in CHANGES:
        told = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert told <= set(re.findall(r"--[a-z-]+", chart.run(command, "--help").out))
        return
    for way in (["install", *rest, "--dry-run=client"] if command == "install" else ["template", *rest],):
        ran = chart.run(*way)
        assert ran.code == 0, ran.err
        assert "kind: Deployment" in ran.out
    assert (folder / "my-values.yaml").exists()


def _manifests(chart: Chart, *files: Path) -> Iterator[Manifest]:
    options = [option for file in files for option in ("-f", file)]
    ran = chart.run("template", "ticketsync", ROOT / "charts" / "ticketsync", *options)
    assert ran.code == 0, ran.err
    yield from (one for one in yaml.safe_load_all(ran.out) if one)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda text: text.split(":")[0] + "-" + str(len(text)))
def test_each_example_of_values_can_be_laid_over_the_first(chart: Chart, folder: Path, overlay: str) -> None:
    more = folder / "more.yaml"
    more.write_text(textwrap.dedent(overlay))
    for manifest in _manifests(chart, folder / "my-values.yaml", more):
        if manifest["kind"] not in OF_OTHERS:
            kubernetes_validate.validate(manifest, OLDEST, strict=True)


def test_what_the_page_calls_by_name_is_there(chart: Chart, folder: Path) -> None:
    made = {f"{one['kind']}/{one['metadata']['name']}".lower() for one in _manifests(chart, folder / "my-values.yaml")}
    for words in (words for words in commands(PAGE) if words[0] == "kubectl"):
        for called in (word for word in words if re.match(r"(job|deploy)/", word)):
            assert called.replace("deploy/", "deployment/") in made


def test_the_page_has_the_versions_and_figures_of_the_chart(chart: Chart, folder: Path) -> None:
    assert f"docker build -f deploy/Dockerfile -t registry.example/ticketsync:{__version__} ." in PAGE.text
    assert f"schemas of Kubernetes {OLDEST} to {LATEST}" in " ".join(PAGE.text.split())
    pods: dict[str, Any] = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in _manifests(chart, folder / "my-values.yaml")
        if one["kind"] == "Deployment"
    }
    table = " ".join(cell for table in PAGE.section("What each part does").tables for row in table for cell in row)
    pause = pods["ticketsync-server"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1]
    assert f"{pause} s pause before it stops" in table
    assert f"{pods['ticketsync-server']['terminationGracePeriodSeconds']} s until it is killed" in table
    assert f"worker: {pods['ticketsync-worker']['terminationGracePeriodSeconds']} s until it is killed" in table
    assert f"user {pods['ticketsync-worker']['securityContext']['runAsUser']}" in table

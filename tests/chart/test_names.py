"""Names: within what Kubernetes allows, apart between releases, and the same after an upgrade."""

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.chart.chart import CASES, FOLDER, Chart, Manifest, hooks

LONG = "a-release-with-a-name-as-long-as-helm-takes-any-0000"
RELEASES = ("a", "a-server", "a-ticketsync", "a-redis", "ticketsync", LONG + "1", LONG + "2", "a.b", "a-b", "9a")
# What the API server refuses to change of what is there already.
IMMUTABLE = {
    "Deployment": (("spec", "selector"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    "Service": (("spec", "clusterIP"),),
    "Secret": (("type",), ("immutable",)),
}
KEPT = Path(__file__).with_name("immutable.json")


@pytest.mark.parametrize("release", RELEASES)
def test_names_and_labels_are_within_limits(chart: Chart, release: str) -> None:
    for one in chart.manifests("everything", release):
        longest = 52 if one["kind"] == "StatefulSet" else 58 if one["kind"] == "Deployment" else 63
        assert len(one["metadata"]["name"]) <= longest
        assert all(len(value) <= 63 for value in _labels(one))


@pytest.mark.parametrize("release", RELEASES)
def test_services_have_names_that_they_may_have(chart: Chart, release: str) -> None:
    """They are parts of host names, which manifests' schemas do not say."""
    services = [one for one in chart.manifests("everything", release) if one["kind"] in ("Service", "StatefulSet")]
    assert len(services) == 4
    assert all(re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", one["metadata"]["name"]) for one in services)


def _labels(manifest: Manifest) -> list[str]:
    template = manifest.get("spec", {}).get("template", {}).get("metadata", {})
    return [*manifest["metadata"]["labels"].values(), *template.get("labels", {}).values()]


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(RELEASES, 2)])
def test_two_releases_in_a_namespace_have_no_name_and_no_pod_in_common(chart: Chart, one: str, other: str) -> None:
    assert not _names(chart, one) & _names(chart, other)
    assert not _selectors(chart, one) & _selectors(chart, other)


def _names(chart: Chart, release: str) -> set[tuple[str, str]]:
    # What values name is the user's to keep apart.
    return {
        (document["kind"], document["metadata"]["name"])
        for case in ("everything", "many-desks")
        for document in chart.manifests(case, release)
        if document["metadata"]["name"] != "syncing"
    }


def _selectors(chart: Chart, release: str) -> set[str]:
    selectors = [one["spec"].get("selector") for one in chart.manifests("everything", release) if "spec" in one]
    return {json.dumps(selector, sort_keys=True) for selector in selectors if selector}


def test_what_cannot_be_changed_is_the_same_whatever_the_values(chart: Chart) -> None:
    found: dict[str, dict[str, Any]] = {}
    for case in CASES:
        for name, fields in _immutable(chart, case).items():
            assert found.setdefault(name, fields) == fields, case
    assert len(found) > 5


def test_what_cannot_be_changed_is_as_in_the_releases_before(chart: Chart) -> None:
    """Those that are in use. A difference makes `helm upgrade` fail: mend the chart, never the file."""
    kept = json.loads(KEPT.read_text())
    now: dict[str, Any] = {}
    for case in CASES:
        now |= _immutable(chart, case)
    assert {name: now.get(name) for name in kept} == kept
    assert kept


def test_what_cannot_be_changed_is_as_it_was_in_the_next_version(chart: Chart, tmp_path: Path) -> None:
    newer = tmp_path / "ticketsync"
    shutil.copytree(FOLDER, newer)
    described = (newer / "Chart.yaml").read_text().replace("0.1.0", "0.9.0")
    (newer / "Chart.yaml").write_text(described)
    for case in CASES:
        assert _immutable(chart.at(newer), case) == _immutable(chart, case)
    assert chart.at(newer).manifests("smallest") != chart.manifests("smallest")


def _immutable(chart: Chart, case: str) -> dict[str, dict[str, Any]]:
    stays = [one for one in chart.manifests(case) if not hooks(one) and one["kind"] in IMMUTABLE]
    return {
        f"{one['kind']} {one['metadata']['name']}": {".".join(path): _at(one, path) for path in IMMUTABLE[one["kind"]]}
        for one in stays
    }


def _at(manifest: Manifest, path: tuple[str, ...]) -> Any:
    found: Any = manifest
    for key in path:
        found = (found or {}).get(key)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_job_never_stands_in_the_way_of_the_next_upgrade(chart: Chart, case: str) -> None:
    """A Job's pod cannot be changed, so each is a hook that is deleted before it is made again."""
    for job in (one for one in chart.manifests(case) if one["kind"] == "Job"):
        assert "before-hook-creation" in job["metadata"]["annotations"]["helm.sh/hook-delete-policy"]

"""Every case of values makes manifests that Kubernetes takes, by its own schemas, from the oldest version on."""

import json
from collections import Counter

import kubernetes_validate
import pytest
import yaml

from tests.chart.chart import CASES, FOLDER, Chart, Manifest, hooks, pods
from ticketsync import __version__

OLDEST = "1.27"
VERSIONS = (OLDEST, "1.30", "1.33", kubernetes_validate.latest_version())
OF_OTHERS = {
    "ServiceMonitor",
    "PrometheusRule",
    "ScaledObject",
    "TriggerAuthentication",
}  # tests/chart/test_monitoring.py


@pytest.mark.parametrize("case", CASES)
def test_helm_has_nothing_against_it(chart: Chart, case: str) -> None:
    ran = chart.lint(case)
    assert ran.code == 0, ran.out + ran.err
    assert "[WARNING]" not in ran.out


def test_it_can_be_looked_at_without_any_values(chart: Chart) -> None:
    assert chart.run("lint", "--strict", FOLDER).code == 0


@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_every_manifest(chart: Chart, case: str) -> None:
    known = [one for one in chart.manifests(case) if one["kind"] not in OF_OTHERS]
    assert len(known) > 7
    for version in VERSIONS:
        for manifest in known:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_with_a_wrong_field_would_be_refused(chart: Chart) -> None:
    manifest: Manifest = json.loads(json.dumps(chart.one("smallest", "Deployment", "desk-server")))
    manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, OLDEST, strict=True)


@pytest.mark.parametrize("case", CASES)
def test_no_manifest_is_there_twice_and_all_are_in_the_namespace(chart: Chart, case: str) -> None:
    manifests = chart.manifests(case)
    assert max(Counter((one["kind"], one["metadata"]["name"]) for one in manifests).values()) == 1
    assert {one["metadata"]["namespace"] for one in manifests} == {"support"}


def test_the_oldest_version_that_is_tested_is_the_one_that_the_chart_wants() -> None:
    described = yaml.safe_load((FOLDER / "Chart.yaml").read_text())
    assert described["kubeVersion"] == f">={OLDEST}.0-0"


def test_an_older_kubernetes_is_refused(chart: Chart) -> None:
    ran = chart.template("smallest", "desk", "--kube-version", "1.26.0")
    assert ran.code != 0
    assert "incompatible with Kubernetes v1.26.0" in ran.err


def test_the_image_of_this_version_is_run_unless_another_is_asked_for(chart: Chart) -> None:
    described = yaml.safe_load((FOLDER / "Chart.yaml").read_text())
    assert described["appVersion"] == __version__
    images = {case: _image(chart, case) for case in ("smallest", "many-desks")}
    assert images == {
        "smallest": f"registry.example/ticketsync:{__version__}",
        "many-desks": "registry.example/ticketsync:0.1.0-build.7",
    }


def _image(chart: Chart, case: str) -> str:
    server = chart.one(case, "Deployment", "desk-server")
    image: str = server["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


@pytest.mark.parametrize("case", CASES)
def test_the_job_before_an_install_needs_nothing_that_is_not_there_yet(chart: Chart, case: str) -> None:
    manifests = chart.manifests(case)
    before = {(one["kind"], one["metadata"]["name"]) for one in manifests if hooks(one).startswith("pre-install")}
    jobs = [one for one in manifests if one["kind"] == "Job" and hooks(one).startswith("pre-install")]
    assert len(jobs) == (0 if case == "own-secret" else 1)
    later = {(one["kind"], one["metadata"]["name"]) for one in manifests} - before
    for job in jobs:
        pod = job["spec"]["template"]["spec"]
        volumes = [("Secret", volume["secret"]["secretName"]) for volume in pod["volumes"] if "secret" in volume]
        volumes += [("ConfigMap", volume["configMap"]["name"]) for volume in pod["volumes"] if "configMap" in volume]
        assert not later & {*volumes, ("ServiceAccount", pod["serviceAccountName"])}
        assert all(volume in before for volume in volumes)


@pytest.mark.parametrize("case", CASES)
def test_what_is_mounted_is_there(chart: Chart, case: str) -> None:
    manifests = chart.manifests(case)
    made = {(one["kind"], one["metadata"]["name"]) for one in manifests}
    given = {("Secret", "ticketsync-credentials"), ("Secret", "temporal-client")} if case == "own-secret" else set()
    for called, pod in pods(manifests):
        for volume in pod["volumes"]:
            if "secret" in volume:
                assert ("Secret", volume["secret"]["secretName"]) in made | given, called
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made, called

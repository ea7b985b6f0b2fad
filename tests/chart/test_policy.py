"""What a cluster's policies ask of every pod, whatever the values."""

import pytest

from tests.chart.chart import CASES, Chart, Manifest, containers, hooks, pods
from ticketsync.server.serving import DRAIN_SECONDS
from ticketsync.worker import GRACEFUL_SHUTDOWN

SERVING = ("Deployment", "StatefulSet")


@pytest.mark.parametrize("case", CASES)
def test_no_container_can_be_root_or_write_to_its_image(chart: Chart, case: str) -> None:
    for called, pod in pods(chart.manifests(case)):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), called
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) > 0, called
    for called, container in containers(chart.manifests(case)):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, called


@pytest.mark.parametrize("case", CASES)
def test_no_pod_gets_a_token_or_the_addresses_of_other_services(chart: Chart, case: str) -> None:
    for called, pod in pods(chart.manifests(case)):
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False), called
    for account in (one for one in chart.manifests(case) if one["kind"] == "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("case", CASES)
def test_every_container_says_what_it_needs_and_where_its_memory_ends(chart: Chart, case: str) -> None:
    for called, container in containers(chart.manifests(case)):
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, called
        assert "memory" in container["resources"]["limits"], called


@pytest.mark.parametrize("case", CASES)
def test_every_image_has_a_tag_that_stays(chart: Chart, case: str) -> None:
    for called, container in containers(chart.manifests(case)):
        repository, _, tag = container["image"].rpartition(":")
        assert repository, called
        assert tag not in ("", "latest"), called


@pytest.mark.parametrize("case", CASES)
def test_whoever_serves_is_probed(chart: Chart, case: str) -> None:
    serving = [one for one in chart.manifests(case) if one["kind"] in SERVING]
    assert {one["metadata"]["name"] for one in serving} >= {"desk-server", "desk-worker"}
    for called, container in containers(serving):
        assert container.keys() >= {"readinessProbe", "livenessProbe"}, called
        ports = {port["name"] for port in container["ports"]}
        for probe in (container["readinessProbe"], container["livenessProbe"]):
            asked = probe.get("httpGet") or probe.get("tcpSocket") or {"port": next(iter(ports))}
            assert asked["port"] in ports, called


def test_the_probes_ask_what_the_design_says(chart: Chart) -> None:
    server, worker = (_container(chart, name) for name in ("server", "worker"))
    assert {server[probe]["httpGet"]["path"] for probe in server if probe.endswith("Probe")} == {"/livez"}
    assert worker["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "probes"}
    assert worker["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "probes"}


def _container(chart: Chart, name: str) -> Manifest:
    container: Manifest = _pod(chart, "smallest", name)["containers"][0]
    return container


def _pod(chart: Chart, case: str, name: str) -> Manifest:
    pod: Manifest = chart.one(case, "Deployment", f"desk-{name}")["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("case", CASES)
def test_nobody_is_killed_before_he_has_finished(chart: Chart, case: str) -> None:
    server, worker = (_pod(chart, case, name) for name in ("server", "worker"))
    pause = int(server["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pause == (15 if case == "everything" else 10)
    assert server["terminationGracePeriodSeconds"] >= pause + DRAIN_SECONDS + 10
    assert worker["terminationGracePeriodSeconds"] >= GRACEFUL_SHUTDOWN.total_seconds() + 15


@pytest.mark.parametrize("case", CASES)
def test_an_update_or_a_drained_node_takes_one_at_a_time(chart: Chart, case: str) -> None:
    manifests = chart.manifests(case)
    budgets = {one["metadata"]["name"]: one["spec"] for one in manifests if one["kind"] == "PodDisruptionBudget"}
    for one in (one for one in manifests if one["kind"] in SERVING):
        budget = budgets[one["metadata"]["name"]]
        assert budget["maxUnavailable"] == 1
        assert budget["selector"] == one["spec"]["selector"]
        if one["kind"] == "Deployment":
            assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize("case", CASES)
def test_secrets_are_readable_by_their_owner_and_group_only(chart: Chart, case: str) -> None:
    for called, pod in pods(chart.manifests(case)):
        for volume in (volume for volume in pod["volumes"] if "secret" in volume):
            assert volume["secret"]["defaultMode"] == 0o440, called


@pytest.mark.parametrize("case", CASES)
def test_no_secret_stands_in_plain_text(chart: Chart, case: str) -> None:
    secrets = ("zendesk-token", "teamwork-token", "webhook-secret", "api-token", "temporal-key", "password", "oauth")
    rendered = str([one for one in chart.manifests(case) if one["kind"] != "Secret"])
    assert [secret for secret in secrets if f"{secret}'" in rendered] == []


@pytest.mark.parametrize("case", CASES)
def test_what_scales_by_itself_is_not_given_a_number(chart: Chart, case: str) -> None:
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in chart.manifests(case)
        if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    }
    assert len(scaled) == {"smallest": 0, "many-desks": 0, "own-secret": 1, "everything": 2, "scaled": 2}[case]
    for one in (one for one in chart.manifests(case) if one["kind"] == "Deployment"):
        assert ("replicas" in one["spec"]) != (one["metadata"]["name"] in scaled)


def test_the_new_version_becomes_the_current_one_after_an_upgrade(chart: Chart) -> None:
    job = chart.one("everything", "Job", "desk-current")
    assert hooks(job) == "post-install,post-upgrade,post-rollback"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["worker", "--only-make-current"]
    assert not [one for one in chart.manifests("smallest") if one["metadata"]["name"] == "desk-current"]

"""What other people's controllers read. Their kinds have no schema here: each is held against what their docs say."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.chart.chart import FOLDER, ROOT, Chart
from tests.docs.pages import PAGES
from ticketsync import __version__, names

RULES = {
    "groups": [
        {
            "name": "g",
            "rules": [{"alert": "A", "expr": "up == 0", "annotations": {"summary": "{{ $labels.desk }} is down"}}],
        }
    ]
}
DASHBOARD = {"title": "{{desk}}", "panels": []}


def test_prometheus_looks_at_server_and_worker(chart: Chart) -> None:
    monitor, service = (chart.one("everything", kind, "desk-metrics") for kind in ("ServiceMonitor", "Service"))
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("metrics", "/metrics", "15s")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert [port["name"] for port in service["spec"]["ports"]] == ["metrics"]
    for name in ("server", "worker"):
        template = chart.one("everything", "Deployment", f"desk-{name}")["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        assert ports["metrics"] == service["spec"]["ports"][0]["port"]


def test_without_metrics_nothing_serves_and_nobody_looks(chart: Chart) -> None:
    assert not [one for one in chart.manifests("scaled") if one["metadata"]["name"] == "desk-metrics"]
    assert "9464" not in json.dumps(chart.manifests("scaled"))


# --- rules and dashboards


def test_rules_and_dashboards_are_taken_as_they_are(chart: Chart, tmp_path: Path) -> None:
    """Their braces are Prometheus' and Grafana's, not Helm's."""
    own = _copy(tmp_path)
    (own / "files" / "rules.yaml").write_text(yaml.safe_dump(RULES))
    (own / "files" / "dashboards" / "desks.json").write_text(json.dumps(DASHBOARD))
    rendered = chart.at(own)
    rule = rendered.one("everything", "PrometheusRule", "desk-metrics")
    assert rule["spec"] == RULES
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    dashboards = rendered.one("everything", "ConfigMap", "desk-dashboards")
    assert json.loads(dashboards["data"]["desks.json"]) == DASHBOARD
    assert dashboards["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {"desk-dashboards", "PrometheusRule"}.isdisjoint(_told(rendered, "smallest"))


def test_a_chart_without_rules_and_dashboards_makes_none(chart: Chart, tmp_path: Path) -> None:
    own = _copy(tmp_path)
    (own / "files" / "rules.yaml").unlink(missing_ok=True)
    for dashboard in (own / "files" / "dashboards").glob("*.json"):
        dashboard.unlink()
    assert {"desk-dashboards", "PrometheusRule"}.isdisjoint(_told(chart.at(own), "everything"))


def _copy(folder: Path) -> Path:
    return Path(shutil.copytree(FOLDER, folder / "ticketsync"))


def _told(chart: Chart, case: str) -> set[str]:
    return {word for one in chart.manifests(case) for word in (one["kind"], one["metadata"]["name"])}


def test_the_charts_rules_and_dashboards_are_those_of_deploy() -> None:
    """A chart is packed from its own folder, so it has copies. To mend it, copy those of deploy/ over them."""
    deploy = {Path("rules.yaml"): ROOT / "deploy" / "prometheus" / "ticketsync.rules.yml"}
    deploy |= {Path("dashboards") / path.name: path for path in (ROOT / "deploy" / "grafana").glob("*.json")}
    theirs = {name: path.read_text() for name, path in deploy.items() if path.exists()}
    files = FOLDER / "files"
    ours = {path.relative_to(files): path.read_text() for path in [*files.glob("*.yaml"), *files.glob("*/*.json")]}
    assert ours == theirs


# --- KEDA


def test_keda_follows_the_queue_of_the_workflows_with_the_workers_credentials(chart: Chart) -> None:
    scaled, signing = (
        chart.one("everything", kind, "desk-worker") for kind in ("ScaledObject", "TriggerAuthentication")
    )
    assert scaled["apiVersion"] == signing["apiVersion"] == "keda.sh/v1alpha1"
    spec = scaled["spec"]
    assert (spec["scaleTargetRef"], spec["minReplicaCount"], spec["maxReplicaCount"]) == (
        {"name": "desk-worker"},
        3,
        20,
    )
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "temporal"
    assert trigger["metadata"] == {
        "endpoint": "us-east-1.aws.api.temporal.io:7233",
        "namespace": "support.a1b2c",
        "taskQueue": names.WORKFLOW_QUEUE,
        "queueTypes": "workflow",
        "targetQueueSize": "20",
        "workerDeploymentName": "ticketsync-acme",
        "workerDeploymentBuildId": __version__,
    }
    assert trigger["authenticationRef"] == {"name": signing["metadata"]["name"]}
    assert signing["spec"]["secretTargetRef"] == [
        {"parameter": "apiKey", "name": "desk-secrets", "key": "TEMPORAL_API_KEY"}
    ]


def test_keda_signs_in_with_the_client_certificate(chart: Chart) -> None:
    signing = chart.one("own-secret", "TriggerAuthentication", "desk-worker")
    found: dict[str, Any] = {one["parameter"]: (one["name"], one["key"]) for one in signing["spec"]["secretTargetRef"]}
    assert found == {
        part: ("temporal-client", key) for part, key in (("cert", "tls.crt"), ("key", "tls.key"), ("ca", "ca.crt"))
    }
    metadata = chart.one("own-secret", "ScaledObject", "desk-worker")["spec"]["triggers"][0]["metadata"]
    assert metadata["tlsServerName"] == "temporal.internal"
    assert all(isinstance(value, str) for value in metadata.values()), "KEDA takes text only"


# --- what people read


def _notes(chart: Chart, case: str, *options: str) -> str:
    command = ("--dry-run=client", "--namespace", "support", "-f", FOLDER / "ci" / f"{case}-values.yaml")
    ran = chart.run("install", "desk", FOLDER, *command, *options)
    assert ran.code == 0, ran.err
    notes = ran.out.partition("NOTES:")[2]
    assert not re.search(r"\{\{|<nil>|<no value>", notes)
    return notes


def test_the_notes_say_what_to_do_next(chart: Chart) -> None:
    notes = _notes(chart, "everything")
    assert "https://sync.acme.example/webhooks/zendesk/default" in notes
    assert "kubectl -n support exec deploy/desk-worker -- ticketsync check" in notes
    assert "exec deploy/desk-worker -- ticketsync webhook install --desk default" in notes
    assert "helm test desk --namespace support" in notes


def test_the_notes_do_not_have_a_pod_keep_a_secret(chart: Chart) -> None:
    """Files of secrets are mounted to be read: the command would make the webhook, and then fail."""
    notes = _notes(chart, "many-desks")
    assert "ticketsync webhook install --config desks.toml --desk acme" in notes
    assert "-- ticketsync webhook install" not in notes


def test_the_notes_say_when_webhooks_are_led_nowhere(chart: Chart) -> None:
    only_the_older_form = _notes(chart, "everything", "--set", "ingress.paths={/webhook}")
    assert "/webhooks/zendesk/" not in only_the_older_form
    assert "add it to ingress.paths" in only_the_older_form
    assert "/webhooks/zendesk/" in _notes(chart, "everything", "--set", "ingress.paths={/}")
    assert "set ingress.enabled" in _notes(chart, "smallest")


def test_the_notes_name_the_settings_of_a_temporal_of_ones_own(chart: Chart) -> None:
    for name in yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamicconfig.yaml").read_text()):
        assert name in _notes(chart, "smallest")
        assert name in PAGES["docs/operations.md"].section("What Temporal needs").codes
        assert name not in _notes(chart, "everything"), "Temporal Cloud has no such settings"

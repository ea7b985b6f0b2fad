"""What comes in from outside, and what goes out."""

import pytest

from tests.chart.chart import Chart, Manifest


def _policy(chart: Chart, case: str, name: str = "network") -> Manifest:
    spec: Manifest = chart.one(case, "NetworkPolicy", f"desk-{name}")["spec"]
    return spec


def _ports(rules: list[Manifest]) -> set[int]:
    return {port["port"] for rule in rules for port in rule.get("ports", [])}


def test_an_ingress_leads_to_the_server_only_where_it_should(chart: Chart) -> None:
    (rule,) = chart.one("scaled", "Ingress", "desk-server")["spec"]["rules"]
    assert rule["host"] == "sync.acme.example"
    assert [(path["path"], path["pathType"]) for path in rule["http"]["paths"]] == [("/webhooks", "Prefix")]
    service = chart.one("scaled", "Service", "desk-server")
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "desk-server", "port": {"name": "http"}}
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]


@pytest.mark.parametrize(("case", "secret"), [("scaled", "desk-tls"), ("everything", "acme-wildcard")])
def test_tls_ends_at_the_ingress_with_a_certificate_of_cert_manager(chart: Chart, case: str, secret: str) -> None:
    ingress = chart.one(case, "Ingress", "desk-server")
    assert ingress["spec"]["tls"] == [{"hosts": ["sync.acme.example"], "secretName": secret}]
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"


def test_without_an_ingress_there_is_none(chart: Chart) -> None:
    assert "Ingress" not in {one["kind"] for one in chart.manifests("smallest")}


def test_only_what_is_served_is_let_in(chart: Chart) -> None:
    policy = _policy(chart, "smallest")
    assert policy["policyTypes"] == ["Ingress"]
    assert _ports(policy["ingress"]) == {8080, 9464}
    assert not any("from" in rule for rule in policy["ingress"])


def test_webhooks_and_metrics_may_be_for_some_only(chart: Chart) -> None:
    webhooks, metrics = _policy(chart, "everything")["ingress"]
    ours = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "desk"}}}
    assert len(webhooks["from"]) == 2
    assert ours in webhooks["from"], "helm test calls the server too"
    assert metrics["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def test_restricted_pods_reach_all_that_they_are_told_to_reach(chart: Chart) -> None:
    own, everything = (_policy(chart, case)["egress"] for case in ("own-secret", "everything"))
    assert _ports(own) == {53, 443, 6379, 7233, 8080, 26379, 26380}
    assert _ports(everything) == {53, 443, 3128, 6379, 7233, 8080, 26379}


def test_redis_is_for_its_own_release_only(chart: Chart) -> None:
    policy = _policy(chart, "many-desks", "redis")
    (rule,) = policy["ingress"]
    assert _ports([rule]) == {6379, 26379}
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "desk"}}}]
    labels = chart.one("many-desks", "StatefulSet", "desk-redis")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    excluded = _policy(chart, "many-desks")["podSelector"]["matchExpressions"]
    assert excluded == [{"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["redis"]}]

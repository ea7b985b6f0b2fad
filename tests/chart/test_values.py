"""Every value has a comment, is in the schema and in the docs; what cannot be meant is refused."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart.chart import CASES, FOLDER, Chart
from tests.docs.pages import PAGES, codes_in
from ticketsync.settings.options import OPTIONS

VALUES = FOLDER / "values.yaml"
SCHEMA = json.loads((FOLDER / "values.schema.json").read_text())
SET_BY_THE_CHART = {
    *("TICKETSYNC_HOST", "TICKETSYNC_PORT", "TICKETSYNC_METRICS_ADDRESS", "TICKETSYNC_HEALTH_ADDRESS"),
    *("TICKETSYNC_CONFIG", "TICKETSYNC_WORKER_DEPLOYMENT"),
}
# Whose inner keys are Kubernetes', or the user's.
WHOLE = ("resources",)


def _leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        here = (*path, name)
        if isinstance(value, dict) and value and name not in WHOLE and "labels" not in name:
            yield from _leaves(value, here)
        else:
            yield ".".join(here), value


LEAVES = dict(_leaves(yaml.safe_load(VALUES.read_text())))


def _commented() -> Iterator[str]:
    """The values above which there is a comment, by their paths."""
    path: list[str] = []
    before = ""
    for line in VALUES.read_text().splitlines():
        found = re.match(r"( *)([a-zA-Z]+):", line)
        if found:
            path = [*path[: len(found[1]) // 2], found[2]]
            if before.strip().startswith("#"):
                yield ".".join(path)
        before = line


def test_every_value_has_a_comment() -> None:
    assert len(LEAVES) > 70
    assert set(LEAVES) - set(_commented()) == set()


def _in_schema(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        here, shape = (*path, name), _resolved(inner)
        if shape.get("properties") and name not in WHOLE:
            assert shape["additionalProperties"] is False, here
            yield from _in_schema(shape, here)
        else:
            yield ".".join(here)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = SCHEMA["definitions"][name] if name else schema
    return found


def test_every_value_is_in_the_schema_and_no_other() -> None:
    assert SCHEMA["additionalProperties"] is False
    assert set(_in_schema(SCHEMA)) == {*LEAVES, "global"}, "global is Helm's own"


def test_every_value_is_in_the_docs_with_its_default() -> None:
    told = {
        codes_in(row[0])[0]: codes_in(row[1])[0] for table in PAGES["docs/chart-values.md"].tables for row in table[1:]
    }
    assert told == {path: json.dumps(value) for path, value in LEAVES.items()}


def test_settings_may_be_all_that_the_chart_does_not_set_itself() -> None:
    allowed = set(SCHEMA["properties"]["settings"]["propertyNames"]["enum"])
    plain = {option.env for option in OPTIONS if not option.secret and option.section != "redis"}
    assert allowed == plain - SET_BY_THE_CHART


def test_secrets_may_be_all_that_there_are() -> None:
    (rule,) = (rule for rule in SCHEMA["allOf"] if "every secret" in rule["$comment"])
    of_secrets = rule["then"]["properties"]["secrets"]["properties"]
    assert of_secrets["values"]["propertyNames"] == of_secrets["keys"]["items"] == {"$ref": "#/definitions/secret"}
    assert set(SCHEMA["definitions"]["secret"]["enum"]) == {option.env for option in OPTIONS if option.secret} | {
        "TEMPORAL_API_KEY"
    }


# --- what is refused

TYPING_ERRORS = {
    "ingres.enabled=true": "ingres",
    "ingress.fqnd=x": "fqnd",
    "settings.TICKETSYNC_COLOUR=red": "TICKETSYNC_COLOUR",
    "settings.ZENDESK_API_TOKEN=in-the-wrong-place": "ZENDESK_API_TOKEN",
    "settings.REDIS_HOST=in-the-wrong-place": "REDIS_HOST",
    "settings.TICKETSYNC_PORT=9": "TICKETSYNC_PORT",
    "secrets.values.ZENDESK_API_TOKN=x": "ZENDESK_API_TOKN",
    "image.tag=latest": "tag",
    "image.tag=latest@sha256:" + 64 * "0": "tag",
    "image.tag=a tag": "tag",
    "redis.image=redis:latest": "image",
    "temporal.address=https://temporal": "address",
    "worker.replicas=two": "replicas",
    "worker.deployment=__mine": "deployment",
    "server.pauseBeforeStop=-1": "pauseBeforeStop",
    "test.desk=No Desk": "desk",
    "image.pullPolicy=Sometimes": "pullPolicy",
    "ingress.fqdn=https://sync.acme.example": "fqdn",
    r"pod.labels.app\.kubernetes\.io/component=mine": "app.kubernetes.io/component",
}
BAD_COMBINATIONS = {
    "ingress.enabled=true": "fqdn",
    "ingress.clusterIssuer=letsencrypt": "tlsEnabled",
    "redis.enabled=true": "host",
    "redis.sentinel.enabled=true": "hosts",
    "secrets.existing=mine": "keys",
    "secrets.keys={ZENDESK_API_TOKEN}": "existing",
    "secrets.existing=mine,secrets.values=null,secrets.keys={ZENDESK_API_TOKN}": "keys/0",
    "temporal.tls.secret=not-said-what-of-it": "tls",
    "temporal.tls.clientCertificate=true,temporal.tls.secret=x,secrets.existing=mine,secrets.values=null,"
    "secrets.keys={ZENDESK_API_TOKEN,TEAMWORK_API_TOKEN,TEMPORAL_API_KEY}": "/secrets/keys",
    "worker.keda.enabled=true,worker.autoscaling.enabled=true": "autoscaling",
    "temporal.tls.clientCertificate=true": "secret",
    "temporal.tls.ca=true": "secret",
    "metrics.enabled=false,metrics.serviceMonitor.enabled=true": "serviceMonitor",
    "metrics.enabled=false,metrics.rules.enabled=true": "rules",
    "metrics.enabled=false,metrics.dashboards.enabled=true": "dashboards",
    "temporal.tls.clientCertificate=true,temporal.tls.secret=x,secrets.values.TEMPORAL_API_KEY=y": "secrets",
}


@pytest.mark.parametrize(("given", "named"), [*TYPING_ERRORS.items(), *BAD_COMBINATIONS.items()])
def test_what_cannot_be_meant_is_refused_and_named(chart: Chart, given: str, named: str) -> None:
    ran = chart.template("smallest", "desk", "--set", given)
    assert ran.code != 0
    assert "values don't meet the specifications of the schema" in ran.err
    assert named in ran.err


MISSING = {
    "image.repository=": "image.repository is not set",
    "temporal.address=": "temporal.address is not set",
    "redis.host=": "there is no Redis",
    "secrets.existing=mine,secrets.keys={ZENDESK_API_TOKEN},secrets.values=null": "TEAMWORK_API_TOKEN is missing",
    "settings.TEAMWORK_PROJECT_ID=": "settings.TEAMWORK_PROJECT_ID is not set",
    "settings.ZENDESK_SUBDOMAIN=": "settings.ZENDESK_SUBDOMAIN is not set",
    "settings.TEAMWORK_DOMAIN=": "settings.TEAMWORK_DOMAIN is not set",
    "settings=null": "there is no desk",
    "env[0].name=TICKETSYNC_PORT": "env sets TICKETSYNC_PORT",
    "env[0].name=ZENDESK_SUBDOMAIN": "env sets ZENDESK_SUBDOMAIN",
    "env[0].name=MINE,env[1].name=MINE": "env sets MINE",
    "worker.keda.enabled=true,temporal.tls.enabled=true": "KEDA speaks TLS to Temporal only with",
    "worker.keda.enabled=true,temporal.tls.ca=true,temporal.tls.secret=x": "KEDA speaks TLS to Temporal only with",
    "worker.keda.enabled=true,worker.deployment=mine,image.tag=v9.9.9": "workers of version 0.1.0",
    "server.autoscaling.enabled=true,server.autoscaling.maxReplicas=1": "minReplicas is more than its maxReplicas",
}


@pytest.mark.parametrize(("given", "said"), [*MISSING.items()])
def test_what_is_missing_is_said(chart: Chart, given: str, said: str) -> None:
    ran = chart.template("smallest", "desk", "--set", given)
    assert ran.code != 0
    assert said in ran.err


@pytest.mark.parametrize(
    "given",
    [
        "env[0].name=HTTPS_PROXY",
        "image.tag=v9.9.9,worker.keda.enabled=true",
        "image.tag=0.1.0-build.7,worker.keda.enabled=true,worker.deployment=mine",
        "image.tag=1a2b3c4,worker.keda.enabled=true,worker.deployment=mine",
        "image.tag=0.1.0@sha256:" + 64 * "0",
        "worker.keda.enabled=true,temporal.tls.enabled=true,secrets.values.TEMPORAL_API_KEY=key",
    ],
)
def test_what_can_be_meant_is_taken(chart: Chart, given: str) -> None:
    ran = chart.template("smallest", "desk", "--set", given)
    assert ran.code == 0, ran.err


def test_all_that_is_missing_is_said_at_once(chart: Chart) -> None:
    ran = chart.run("template", "desk", FOLDER)
    assert ran.code != 0
    assert ran.err.count("\n  - ") == 4


@pytest.mark.parametrize("case", CASES)
def test_a_case_says_what_it_is_about(case: str) -> None:
    assert case == "smallest" or CASES[case].read_text().startswith("# ")

"""What the pods are told is what the settings understand: each environment is read by the code that will read it."""

import base64
from pathlib import Path

import click
import pytest
import yaml
from temporalio.envconfig import ClientConfig

from tests.chart.chart import CASES, Chart, Manifest, containers, pods
from tests.docs.command_tree import MAIN
from ticketsync.settings import Settings, load_settings

MOUNTED = "/run/secrets/ticketsync"
GIVEN = {
    "ticketsync-credentials": ("ZENDESK_API_TOKEN", "ZENDESK_WEBHOOK_SECRET", "TEAMWORK_API_TOKEN", "REDIS_PASSWORD")
}


def _secrets(chart: Chart, case: str) -> dict[str, dict[str, str]]:
    """The plain content of each Secret."""
    given = {name: dict.fromkeys(keys, "given") for name, keys in GIVEN.items()}
    return given | {
        one["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in one["data"].items()}
        for one in chart.manifests(case)
        if one["kind"] == "Secret"
    }


def _environment(chart: Chart, case: str, container: Manifest) -> dict[str, str]:
    secrets, environ = _secrets(chart, case), {}
    for variable in container["env"]:
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        environ[variable["name"]] = secrets[reference["name"]][reference["key"]] if reference else variable["value"]
    return environ


def _mounted(chart: Chart, case: str, pod: Manifest, folder: Path) -> None:
    """Put the files of a pod where `_here` looks for them."""
    maps = {one["metadata"]["name"]: one["data"] for one in chart.manifests(case) if one["kind"] == "ConfigMap"}
    for volume in pod["volumes"]:
        if volume["name"] == "secrets":
            content = _secrets(chart, case)[volume["secret"]["secretName"]]
        elif volume["name"] == "config":
            content = maps[volume["configMap"]["name"]]
        else:
            continue
        for name, text in content.items():
            (folder / name).write_text(text.replace(MOUNTED, str(folder)))
            (folder / name).chmod(0o600)


def _settings(chart: Chart, case: str, called: str, folder: Path) -> Settings:
    pod = dict(pods(chart.manifests(case)))[called]
    _mounted(chart, case, pod, folder)
    environ = _environment(chart, case, pod["containers"][0])
    here = {
        name: value.replace(MOUNTED, str(folder)).replace("/etc/ticketsync", str(folder))
        for name, value in environ.items()
    }
    return load_settings(environ=here)


PODS = ("Deployment desk-server", "Deployment desk-worker", "Job desk-check", "Job desk-current", "Pod desk-test")


@pytest.mark.parametrize("called", PODS)
@pytest.mark.parametrize("case", CASES)
def test_each_pod_has_the_desks_with_their_secrets(chart: Chart, case: str, called: str, tmp_path: Path) -> None:
    if called not in dict(pods(chart.manifests(case))):
        assert (case, called) in {
            ("own-secret", "Job desk-check"),
            *((case, "Job desk-current") for case in ("smallest", "many-desks", "own-secret")),
        }
        return
    settings = _settings(chart, case, called, tmp_path)
    assert set(settings.desks) == ({"acme", "globex"} if case == "many-desks" else {"default"})
    assert settings.health_address == "0.0.0.0:8081"
    assert settings.metrics_address == (None if case == "scaled" else "0.0.0.0:9464")
    assert settings.port == 8080


def test_values_arrive_as_they_were_given(chart: Chart, tmp_path: Path) -> None:
    settings = _settings(chart, "everything", "Deployment desk-worker", tmp_path)
    policy = settings.desks["default"].policy
    assert policy.include_groups == (360000123456,), "not 3.6e+11"
    assert (policy.settle_window.total_seconds(), policy.notify) == (0.5, True)
    assert settings.desks["default"].teamwork.tasklist_id == 1234
    assert settings.worker_deployment == "ticketsync-acme"


@pytest.mark.parametrize(
    "text",
    ["  # indented\n[desks.acme]\n", "\n\n[a]", "a = 1\r\nb = 2\r\n", "a = 1  \n\n", '\ta = "\u00e9"\n'],
    ids=["indented", "blank", "windows", "spaces", "tab"],
)
def test_the_config_file_may_have_any_text(chart: Chart, text: str, tmp_path: Path) -> None:
    file = tmp_path / "desks.toml"
    file.write_bytes(text.encode())
    ran = chart.template("many-desks", "desk", "--set-file", f"config={file}")
    assert ran.code == 0, ran.err
    given = [one["data"].get("ticketsync.toml") for one in yaml.safe_load_all(ran.out) if one["kind"] == "ConfigMap"]
    assert given.count(text) == 2, "before the start, and then"


def test_a_secret_may_hold_anything_and_is_encoded_by_the_chart(chart: Chart, tmp_path: Path) -> None:
    settings = _settings(chart, "many-desks", "Deployment desk-server", tmp_path)
    assert settings.redis.password is not None
    assert settings.redis.password.get_secret_value() == 'red"is \\ password'
    assert settings.desks["acme"].zendesk.webhook_secrets[0].get_secret_value() == "acme-webhook-secret"


def test_redis_is_one_or_behind_sentinels(chart: Chart, tmp_path: Path) -> None:
    redis = {case: _settings(chart, case, "Deployment desk-worker", tmp_path).redis for case in CASES}
    assert (redis["scaled"].host, redis["scaled"].port, redis["scaled"].use_sentinel) == ("redis.internal", 6380, False)
    inside, outside = redis["many-desks"], redis["own-secret"]
    assert inside.sentinel_hosts == tuple((f"desk-redis-{n}.desk-redis.support.svc", 26379) for n in range(3))
    assert (inside.use_sentinel, inside.sentinel_master) == (True, "mymaster")
    assert outside.sentinel_hosts == (("sentinel-0.redis", 26379), ("sentinel-1.redis", 26380))
    assert (outside.db, outside.sentinel_master) == (3, "tickets")


def test_temporal_is_reached_by_key_or_by_certificate(chart: Chart) -> None:
    cloud = _temporal(chart, "everything")
    assert (cloud["target_host"], cloud["namespace"]) == ("us-east-1.aws.api.temporal.io:7233", "support.a1b2c")
    assert cloud["api_key"] == "temporal-key"
    assert _temporal(chart, "scaled")["tls"]
    assert not _temporal(chart, "smallest").get("tls")
    container = dict(containers(chart.manifests("own-secret")))["Deployment desk-worker, container worker"]
    environ = _environment(chart, "own-secret", container)
    assert environ["TEMPORAL_TLS_CLIENT_CERT_PATH"] == "/run/secrets/temporal/tls.crt"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts["temporal"] == "/run/secrets/temporal"


def _temporal(chart: Chart, case: str) -> dict[str, object]:
    container = dict(containers(chart.manifests(case)))["Deployment desk-worker, container worker"]
    environ = _environment(chart, case, container)
    return dict(ClientConfig.load_client_connect_config(disable_file=True, override_env_vars=environ))


@pytest.mark.parametrize("case", CASES)
def test_what_the_pods_run_are_commands_that_there_are(chart: Chart, case: str) -> None:
    for called, container in containers(chart.manifests(case)):
        if "ticketsync" in container["image"] and "command" not in container:
            name, *options = container["args"]
            command = MAIN.get_command(click.Context(MAIN), name)
            assert command is not None, called
            assert set(options) <= {flag for param in command.params for flag in param.opts}, called


@pytest.mark.parametrize("case", CASES)
def test_all_that_is_written_to_is_a_volume(chart: Chart, case: str) -> None:
    for called, pod in pods(chart.manifests(case)):
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, called
            assert any(mount["mountPath"] in ("/tmp", "/data") for mount in container["volumeMounts"]), called  # noqa: S108

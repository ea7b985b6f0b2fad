"""`deploy/compose.yaml`: by the compose specification's own schema, and by what we ask of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from tests.conftest import cannot_run
from tests.deploy.compose import COMPOSE, FILE, IMAGE, OURS, ROOT, SERVICES, variables
from tests.storms.cluster.temporal import RAISED, SHARDS
from ticketsync import __version__, embedded
from ticketsync.embedded.temporal_binary import SERVER_VERSION
from ticketsync.sandbox.environment import sites_environment
from ticketsync.sandbox.teamwork import TeamworkSettings as Site
from ticketsync.sandbox.zendesk import ZendeskSettings as Account
from ticketsync.settings import load_settings
from ticketsync.worker import GRACEFUL_SHUTDOWN

SCHEMA = json.loads((Path(__file__).parent / "compose_spec" / "compose-spec.json").read_text())
SANDBOX = ("sandbox-server", "sandbox-worker")


def test_it_is_what_the_compose_specification_describes() -> None:
    Draft7Validator(SCHEMA).validate(COMPOSE)


def test_a_typing_error_would_be_refused() -> None:
    wrong = {**COMPOSE, "services": {**SERVICES, "redis": {**SERVICES["redis"], "imagee": "redis"}}}
    with pytest.raises(ValidationError, match="imagee"):
        Draft7Validator(SCHEMA).validate(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    _, _, version = SERVICES[name]["image"].rpartition(":")
    assert version[0].isdigit()


def test_the_versions_are_those_that_were_tried() -> None:
    assert {service["image"] for service in OURS.values()} == {f"{IMAGE}{__version__}"}
    for name in ("temporal", "temporal-schema", "temporal-namespace"):
        assert SERVICES[name]["image"].endswith(f":{SERVER_VERSION}")


def test_temporal_is_set_as_it_was_for_the_figures() -> None:
    """More than ten look-ups a second, and shards, which can never be changed."""
    assert SERVICES["temporal"]["environment"]["NUM_HISTORY_SHARDS"] == str(SHARDS)
    dynamic = _dynamic_settings()
    assert dynamic.items() >= RAISED.items()
    assert dynamic["frontend.enableCancelWorkerPollsOnShutdown"] is True


async def test_temporals_server_has_these_settings(say: embedded.Say) -> None:
    """It says nothing of a name that it does not know."""
    try:
        binary = await embedded.find_temporal(say)
    except embedded.TemporalUnavailable as error:
        cannot_run(error)
    program = binary.read_bytes()
    assert [name for name in _dynamic_settings() if name.encode() not in program] == []


def _dynamic_settings() -> dict[str, Any]:
    """Those of the file that is mounted where the server is told to look."""
    temporal = SERVICES["temporal"]
    (mounted,) = temporal["volumes"]
    file, there, _ = mounted.split(":")
    assert there == temporal["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    content = yaml.safe_load((FILE.parent / file).read_text())
    return {name: value["value"] for name, (value,) in content.items()}


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_rights_and_are_given_time_to_stop(name: str) -> None:
    service = OURS[name]
    assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].removesuffix("s")) >= GRACEFUL_SHUTDOWN.total_seconds() + 10
    assert service["build"]["dockerfile"] == "deploy/Dockerfile"
    assert (FILE.parent / service["build"]["context"] / "deploy" / "Dockerfile").exists()


def test_a_server_and_two_workers_run() -> None:
    assert (SERVICES["server"]["command"], SERVICES["worker"]["command"]) == (["server"], ["worker"])
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert not any("profiles" in SERVICES[name] for name in ("server", "worker", "temporal", "temporal-ui", "redis"))
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["sandbox"]} == {
        "sandbox",
        *SANDBOX,
    }


@pytest.mark.parametrize("name", SERVICES)
def test_everybody_waits_for_what_he_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        other = SERVICES[needed]
        match how["condition"]:
            case "service_healthy":
                assert "test" in other["healthcheck"]
            case "service_completed_successfully":
                assert other["restart"].startswith("on-failure")
            case condition:
                assert condition == "service_started"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_listens_to_the_outside_world(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_mounted_is_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (FILE.parent / source).is_file()


def _settings(name: str, **more: str) -> Any:
    return load_settings(environ={**SERVICES[name]["environment"], **more})


@pytest.mark.parametrize("name", ["server", "worker"])
def test_with_the_example_filled_in_the_settings_are_understood(name: str) -> None:
    example = (ROOT / "deploy" / "ticketsync.env.example").read_text()
    tokens = {"ZENDESK_API_TOKEN": "zendesk", "TEAMWORK_API_TOKEN": "teamwork"}
    assert all(f"{token}=\n" in example for token in tokens), "to be filled in"
    settings = _settings(name, **variables(example), **tokens)
    assert set(settings.desks) == {"default"}
    assert settings.redis.host == "redis"
    assert SERVICES[name]["env_file"] == [{"path": "ticketsync.env", "required": False}]
    assert "deploy/ticketsync.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_sandboxs_server_and_worker_use_the_sandbox() -> None:
    told = sites_environment(Account(), "http://127.0.0.1:8090", Site(), "http://127.0.0.1:8091")
    for name in SANDBOX:
        assert told.items() <= SERVICES[name]["environment"].items()
        assert SERVICES[name]["network_mode"] == "service:sandbox", "it is on loopback"


def test_the_port_of_each_service_is_where_it_is_published() -> None:
    assert SERVICES["server"]["ports"][0].endswith(":8080")
    assert load_settings(environ={}).port == 8080

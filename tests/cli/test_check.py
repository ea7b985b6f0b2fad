"""`ticketsync check`: every kind of trouble is found at once and told with what to do about it."""

from tests.cli.conftest import Service, new_namespace
from tests.cli.programs import Ran, program
from ticketsync import __version__
from ticketsync.cli.verdicts import ORDER
from ticketsync.embedded import EmbeddedTemporal, free_port

DAY = 86400


def checks(ran: Ran) -> dict[str, tuple[str, str]]:
    """Of each check its outcome and what to do."""
    return {line["name"]: (line["outcome"], line["next"]) for line in ran.json["checks"]}


async def test_a_running_service_is_ready(service: Service) -> None:
    ran = await service.run("check", "--json")
    assert ran.code == 0, ran.out
    found = checks(ran)
    # The sandbox tells of every event; other tests may have left tickets of agents without a person.
    assert found["webhook"] == ("warning", "run ticketsync webhook install --desk default")
    assert {outcome for name, (outcome, _) in found.items() if name not in ("webhook", "directory")} == {"ok"}
    assert list(found) == [
        *("temporal", "namespace", "search attributes", "worker", "redis"),
        *("zendesk", "webhook", "webhook secret", "teamwork", "project", "task list", "workflow", "directory"),
        *("queues", "alerts"),
    ]
    assert (ran.json["ok"], ran.json["desks"]) == (True, {"default": "warning"})
    verdict = ran.json["verdicts"]["default"]
    assert verdict["to_do"] == [to_do for outcome, to_do in found.values() if outcome != "ok"]
    assert verdict["said"].startswith("ready, ")


async def test_everything_that_is_missing_is_told_at_once(service: Service, temporal_server: EmbeddedTemporal) -> None:
    wrong = {
        "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address, retention=DAY),
        "TICKETSYNC_WORKER_DEPLOYMENT": "nobody-deployed-this",
        "REDIS_PORT": str(free_port(0)),
        "ZENDESK_API_TOKEN": "wrong",
        "ZENDESK_WEBHOOK_SECRET": "",
        "TEAMWORK_PROJECT_ID": "4711",
    }
    ran = await service.run("check", "--json", **wrong)
    assert (ran.code, ran.json["desks"]) == (1, {"default": "failed"})
    found = checks(ran)
    assert {name for name, (outcome, _) in found.items() if outcome == "ok"} == {"temporal", "teamwork", "alerts"}
    assert found.keys() <= set(ORDER)
    assert ran.json["verdicts"]["default"]["to_do"][0] == found["namespace"][1]
    assert found["webhook secret"][0] == "warning"
    assert all(to_do for outcome, to_do in found.values() if outcome != "ok")
    assert "--retention 30d" in found["namespace"][1]
    namespace = next(line["found"] for line in ran.json["checks"] if line["name"] == "namespace")
    assert namespace.endswith("keeps closed workflows for 1 day, at least 7 are needed")
    assert "temporal operator search-attribute create" in found["search attributes"][1]
    assert "ticketsync worker --make-current" in found["worker deployment"][1]
    assert "TEAMWORK_PROJECT_ID" in found["project"][1]


async def test_a_check_is_told_in_a_line_with_what_to_do(service: Service) -> None:
    ran = await service.run(
        "check", "--desk", "default", TEAMWORK_TASKLIST_ID="77", ZENDESK_EMAIL="ann@sandbox.example"
    )
    assert ran.code == 1
    zendesk = next(line for line in ran.out.splitlines() if "as ann@sandbox.example, agent" in line)
    assert zendesk.startswith("warning  default  zendesk")
    task_list = next(line for line in ran.out.splitlines() if "TEAMWORK_TASKLIST_ID 77" in line)
    assert task_list.startswith("failed   default  task list")
    assert task_list.endswith('run "ticketsync desks show default" to list its task lists')
    verdict = ran.out.splitlines()[-1]
    assert verdict.startswith("desk default: not ready, ")
    assert verdict.endswith(' things to do; first: run "ticketsync desks show default" to list its task lists')


async def test_a_route_to_a_list_that_is_not_there_is_a_warning(service: Service) -> None:
    lost = await service.run("check", "--desk", "default", TICKETSYNC_ROUTES="group:36=1234, tag:vip=77")
    line = next(line for line in lost.out.splitlines() if "  routes  " in line)
    assert line.startswith("warning  default  routes")
    assert "no open list of project 987654: tag:vip=77" in line
    right = await service.run("check", "--desk", "default", "--json", TICKETSYNC_ROUTES="group:36=1234")
    (found,) = (one for one in right.json["checks"] if one["name"] == "routes")
    assert (found["outcome"], found["found"]) == ("ok", "1 to open lists of the project")


async def test_a_custom_field_that_the_account_has_not_is_a_warning_that_lists_those_it_has(service: Service) -> None:
    lost = await service.run("check", "--desk", "default", TICKETSYNC_DESCRIPTION="{ticket_field_7} {description}")
    line = next(line for line in lost.out.splitlines() if "  templates  " in line)
    assert line.startswith("warning  default  templates")
    assert "no custom field of the account: ticket_field_7" in line
    assert line.endswith("use one of 8447320467001 (Product)")
    right = await service.run("check", "--json", TICKETSYNC_TITLE="{ticket_field_8447320467001} {subject}")
    (found,) = (one for one in right.json["checks"] if one["name"] == "templates")
    assert (found["outcome"], found["found"]) == ("ok", "8447320467001 Product")


async def test_a_worker_that_makes_itself_current_is_found_ready(
    service: Service, temporal_server: EmbeddedTemporal
) -> None:
    """With worker versioning no workflow runs before a version is current: that the desk answers shows that it is."""
    deployed = {
        "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address),
        "TICKETSYNC_WORKER_DEPLOYMENT": "ticketsync-test",
        "REDIS_DB": "1",
    }
    async with program("worker", "--make-current", environ=service.environ | deployed) as worker:
        await worker.says("this version is the current one")
        ran = await service.run("check", "--json", **deployed)
        assert await worker.stopped() == 0
    assert ran.code == 0, ran.out
    line = next(line for line in ran.json["checks"] if line["name"] == "worker deployment")
    assert line["found"] == f"ticketsync-test: the current version is {__version__}"


async def test_before_any_worker_runs_credentials_are_checked_and_search_attributes_registered(
    service: Service, temporal_server: EmbeddedTemporal
) -> None:
    new = {"TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address), "REDIS_PORT": str(free_port(0))}
    ran = await service.run("check", "--before-start", "--json", **new)
    assert ran.code == 0, ran.out
    found = {name: outcome for name, (outcome, _) in checks(ran).items()}
    assert found == dict.fromkeys(
        (
            *("temporal", "namespace", "search attributes", "zendesk", "webhook secret"),
            *("teamwork", "project", "task list", "alerts"),
        ),
        "ok",
    ) | {"redis": "warning"}
    wrong = await service.run("check", "--before-start", "--json", TEAMWORK_API_TOKEN="wrong", **new)
    assert (wrong.code, checks(wrong)["teamwork"][0]) == (1, "failed")


async def test_a_job_beside_the_workers_makes_their_version_current(
    service: Service, temporal_server: EmbeddedTemporal
) -> None:
    deployed = {
        "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address),
        "TICKETSYNC_WORKER_DEPLOYMENT": "ticketsync-job",
        "REDIS_DB": "2",
    }
    async with program("worker", environ=service.environ | deployed) as worker:
        await worker.says("worker is running")
        assert (await service.run("check", "--json", **deployed)).code == 1
        made = await service.run("worker", "--only-make-current", **deployed)
        assert made.code == 0, made.err
        ran = await service.run("check", "--json", **deployed)
        assert await worker.stopped() == 0
    assert checks(ran)["worker deployment"] == ("ok", "")

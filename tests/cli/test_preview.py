"""`ticketsync preview` against the running service."""

from pathlib import Path

from tests.cli.conftest import ANN, Service


async def test_a_new_policy_is_looked_at_before_it_counts(service: Service, tmp_path: Path) -> None:
    ticket_id = await service.ticket(subject="Printer on fire", assignee_id=ANN, priority="urgent", group_id=360)
    task_id = (await service.status(ticket_id))["task"]["id"]
    only = ("--ticket", str(ticket_id))
    quiet = await service.run("preview", *only)
    assert quiet.out.splitlines()[-1] == "desk default, tickets looked at: 1, would change: 0"
    assert "the task is as it should be" in quiet.out
    rules = ("--task-priorities", "urgent=high", "--routes", "group:360=77", "--title", "#{id} {subject}")
    before = (await service.teamwork.get("/sandbox/usage")).json()["writes"]
    loud = await service.run("preview", *only, *rules)
    asked = await service.run("preview", *only, *rules, "--json")
    assert (await service.teamwork.get("/sandbox/usage")).json()["writes"] == before
    head, renamed, moved, updated, *_ = loud.out.splitlines()
    assert head.split() == ["ticket", "task", "step", "why", "but"]
    assert f"rename: 'Printer on fire' → '#{ticket_id} Printer on fire'" in renamed
    assert "it would be blocked: tasklist_unknown" in moved
    assert "update: priority high" in updated
    assert loud.out.splitlines()[-1] == "desk default, tickets looked at: 1, would change: 1 (1 rename, 1 update)"
    assert loud.err == "route group:360=77: list 77 is no open list of project 987654\n"
    (told,) = asked.json["tickets"]
    assert (told["task_id"], [step["kind"] for step in told["steps"]]) == (task_id, ["rename", "move", "update"])
    assert (asked.json["changing"], asked.json["steps"]) == (1, {"rename": 1, "update": 1})


async def test_the_policy_may_come_from_another_file(service: Service, tmp_path: Path) -> None:
    ticket_id = await service.ticket(subject="Paper jam")
    config = tmp_path / "new.toml"
    config.write_text('[desks.default.policy]\ntitle = "[{status}] {subject}"\n')
    told = await service.run("preview", "--config", str(config), "--query", f"TicketsyncTicketId = '{ticket_id}'")
    assert "rename: 'Paper jam' → '[new] Paper jam'" in told.out
    assert told.code == 0


async def test_a_title_that_comes_to_name_a_custom_field_is_foreseen(service: Service) -> None:
    product = {"id": 8447320467001, "value": "web"}
    ticket_id = await service.ticket(subject="No toner", custom_fields=[product])
    told = await service.run(
        "preview", "--ticket", str(ticket_id), "--title", "[{ticket_field_8447320467001}] {subject}"
    )
    assert "rename: 'No toner' → '[web] No toner'" in told.out
    lost = await service.run("preview", "--ticket", str(ticket_id), "--title", "[{ticket_field_7}] {subject}")
    assert "rename: 'No toner' → '[] No toner'" in lost.out
    assert lost.err.startswith("templates: no custom field of the account: ticket_field_7; use one of 8447320467001")


async def test_a_filter_that_temporal_does_not_understand_is_told_so(service: Service) -> None:
    wrong = await service.run("preview", "--query", "Nonsense = ")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("Error: Temporal does not understand --query: ")


async def test_a_ticket_and_a_filter_are_not_asked_for_together(service: Service) -> None:
    both = await service.run("preview", "--ticket", "1", "--query", "TicketsyncTaskId = '1'")
    assert (both.code, "give either --ticket or --query" in both.err) == (2, True)


async def test_a_project_that_is_not_there_is_one_message(service: Service) -> None:
    lost = await service.run("preview", TEAMWORK_PROJECT_ID="1")
    assert (lost.code, lost.out) == (1, "")
    assert "Traceback" not in lost.err

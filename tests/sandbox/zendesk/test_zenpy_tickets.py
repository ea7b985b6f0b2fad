"""Zenpy's calls about tickets, and what comes of them: a client that others wrote works unchanged."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from zenpy.lib.api_objects import Comment, Ticket, User
from zenpy.lib.exception import APIException, RecordNotFoundException, TooManyValuesException

from tests.sandbox.zendesk.conftest import ANN, CUSTOMER
from tests.sandbox.zendesk.zenpy_calls import Z, covers, done, ids, new


@covers("tickets.create", "tickets.__call__")
def test_a_ticket_is_created_and_read(zenpy: Z) -> None:
    audit = zenpy.tickets.create(Ticket(subject="Printer", description="It burns", requester_id=CUSTOMER))
    assert audit.audit.events[0]["type"] == "Comment"
    read = zenpy.tickets(id=audit.ticket.id)
    assert (read.subject, read.description, read.status) == ("Printer", "It burns", "new")
    assert (read.requester.name, read.organization.name) == ("Carla Customer", "Customer Ltd")
    assert read.created.tzinfo is not None


@covers("tickets.__call__")
def test_tickets_are_listed_by_cursor_and_by_offset(zenpy: Z) -> None:
    made = ids(new(zenpy) for _ in range(5))
    assert ids(zenpy.tickets()) == made
    assert ids(zenpy.tickets(cursor_pagination=2)) == made
    assert ids(zenpy.tickets(cursor_pagination=False)) == made
    assert len(zenpy.tickets(cursor_pagination=False)) == 5
    assert ids(zenpy.tickets(cursor_pagination=False)[1:3]) == made[1:3]
    assert ids(zenpy.tickets(ids=[made[0], made[3], 10**9])) == [made[0], made[3]]


@covers("tickets.__call__")
def test_a_ticket_is_found_by_its_external_id(zenpy: Z) -> None:
    made = new(zenpy, external_id="ours-1")
    assert ids(zenpy.tickets(external_id="ours-1")) == [made.id]


@covers("tickets.update")
def test_a_ticket_is_updated(zenpy: Z) -> None:
    ticket = new(zenpy)
    ticket.status = "pending"
    ticket.tags.append("vip")
    ticket.comment = Comment(body="Wait", public=False)
    audit = zenpy.tickets.update(ticket)
    assert (audit.ticket.status, list(audit.ticket.tags)) == ("pending", ["vip"])
    changed = {event["field_name"]: event["previous_value"] for event in audit.audit.events if "field_name" in event}
    assert changed["status"] == "new"


@covers("tickets.create", "tickets.update", "tickets.delete", "job_status.__call__")
def test_tickets_are_written_by_the_hundred(zenpy: Z) -> None:
    made = done(zenpy, zenpy.tickets.create([Ticket(subject=str(n), description="x") for n in range(100)]))
    assert [row.index for row in made] == list(range(100))
    some = list(zenpy.tickets(ids=[made[0].id, made[1].id]))
    for ticket in some:
        ticket.subject = "Other"
    updated = done(zenpy, zenpy.tickets.update(some))
    assert [(row.status, row.success) for row in updated] == [("Updated", True)] * 2
    assert {ticket.subject for ticket in zenpy.tickets(ids=ids(some))} == {"Other"}
    assert [row.status for row in done(zenpy, zenpy.tickets.delete(some))] == ["Deleted"] * 2
    with pytest.raises(RecordNotFoundException):
        zenpy.tickets(id=some[0].id)


@covers("tickets.create", "tickets.update", "tickets.delete")
def test_a_hundred_and_one_are_too_many(zenpy: Z) -> None:
    many = [Ticket(id=n, subject=str(n), description="x") for n in range(1, 102)]
    for call in (zenpy.tickets.create, zenpy.tickets.update, zenpy.tickets.delete):
        with pytest.raises(TooManyValuesException):
            call(many)


@covers("tickets.update")
def test_a_row_that_is_refused_does_not_keep_the_others_from_being_done(zenpy: Z) -> None:
    ticket = new(zenpy)
    ticket.subject = "Changed"
    rows = done(zenpy, zenpy.tickets.update([Ticket(id=10**9, subject="Nobody's"), ticket]))
    assert [(row.success, row.id) for row in rows] == [(False, 10**9), (True, ticket.id)]


@covers("tickets.delete", "tickets.deleted", "tickets.restore", "tickets.permanently_delete")
def test_a_ticket_goes_to_the_trash_comes_back_and_goes_for_good(zenpy: Z) -> None:
    ticket, other = new(zenpy), new(zenpy)
    zenpy.tickets.delete(ticket)
    assert [(row.id, row.actor["name"]) for row in zenpy.tickets.deleted()] == [(ticket.id, "Sync Admin")]
    zenpy.tickets.restore(ticket)
    assert zenpy.tickets(id=ticket.id).status == "new"
    zenpy.tickets.delete([ticket, other])
    zenpy.tickets.restore([ticket, other])
    zenpy.tickets.delete([ticket, other])
    assert done(zenpy, zenpy.tickets.permanently_delete(ticket)).success is True
    assert ids(zenpy.tickets.deleted()) == [other.id]
    with pytest.raises(RecordNotFoundException):
        zenpy.tickets.restore(ticket.id)


@covers("tickets.merge")
def test_tickets_are_merged(zenpy: Z) -> None:
    target, source = new(zenpy), new(zenpy)
    rows = done(zenpy, zenpy.tickets.merge(target, source, target_comment="See here", source_comment="Gone"))
    assert [row.success for row in rows] == [True]
    merged = zenpy.tickets(id=source.id)
    assert (merged.status, list(merged.tags)) == ("closed", ["closed_by_merge"])


@covers("tickets.comments", "tickets.comment_redact")
def test_comments_are_read_and_redacted(zenpy: Z) -> None:
    ticket = new(zenpy, comment=Comment(body="My card is 4711"))
    (comment,) = list(zenpy.tickets.comments(ticket))
    assert (comment.body, comment.author.name) == ("My card is 4711", "Sync Admin")
    assert zenpy.tickets.comment_redact(ticket, comment, "4711").body == "My card is ▇▇▇▇"
    assert [one.body for one in zenpy.tickets.comments(ticket)] == ["My card is ▇▇▇▇"]


@covers("tickets.tags", "tickets.set_tags", "tickets.add_tags", "tickets.delete_tags", "tags.__call__")
def test_tags_are_set_added_and_taken_away(zenpy: Z) -> None:
    ticket = new(zenpy)
    assert list(zenpy.tickets.set_tags(ticket.id, ["a", "b"])) == ["a", "b"]
    assert list(zenpy.tickets.add_tags(ticket.id, ["c"])) == ["a", "b", "c"]
    assert list(zenpy.tickets.delete_tags(ticket.id, ["a", "z"])) == ["b", "c"]
    assert list(zenpy.tickets.tags(ticket.id)) == ["b", "c"]
    new(zenpy, tags=["c"])
    assert [(tag.name, tag.count) for tag in zenpy.tags()] == [("c", 2), ("b", 1)]


@covers("tickets.audits")
def test_audits_tell_what_each_action_did(zenpy: Z) -> None:
    ticket = new(zenpy, priority="high")
    ticket.assignee_id = ANN
    zenpy.tickets.update(ticket)
    created, assigned = list(zenpy.tickets.audits(ticket))
    told = {event["field_name"]: event["value"] for event in created.events if event["type"] == "Create"}
    assert (told["subject"], told["priority"], told["requester_id"]) == ("Printer", "high", str(ticket.requester_id))
    changed = {event["field_name"]: (event["previous_value"], event["value"]) for event in assigned.events}
    assert changed["assignee_id"] == (None, str(ANN))
    assert changed["status"] == ("new", "open")
    other = new(zenpy)
    assert [audit.ticket_id for audit in zenpy.tickets.audits()] == [ticket.id, ticket.id, other.id]


@covers("tickets.incidents", "tickets.organizations", "tickets.recent")
def test_tickets_are_listed_from_elsewhere(zenpy: Z) -> None:
    problem = new(zenpy, type="problem", requester_id=CUSTOMER)
    incident = new(zenpy, type="incident", problem_id=problem.id)
    assert ids(zenpy.tickets.incidents(problem)) == [incident.id]
    assert ids(zenpy.tickets.organizations(problem.organization_id)) == [problem.id]
    assert set(ids(zenpy.tickets.recent())) == {problem.id, incident.id}


@pytest.fixture
async def long_ago(desk: Any) -> int:
    """Tickets 1 to 5 of an hour ago, two of them in one second; when it began."""
    began = int(time.time()) - 3600
    times = [began, began + 1, began + 1, began + 2, began + 3]
    rows = [{"id": n, "updated_at": datetime.fromtimestamp(at, UTC).isoformat()} for n, at in enumerate(times, start=1)]
    await desk.control("POST", "/tickets", tickets=rows)
    return began


@covers("tickets.incremental")
def test_the_export_is_read_by_cursor(zenpy: Z, long_ago: int) -> None:
    for size in (1, 2, 1000):
        assert ids(zenpy.tickets.incremental(start_time=long_ago - 1, per_page=size)) == [1, 2, 3, 4, 5]


@covers("tickets.incremental")
def test_the_export_is_read_by_time_with_whole_seconds(zenpy: Z, long_ago: int) -> None:
    """Its last page names its own last second, so that the last row would come again (reference/zendesk-api §8)."""
    pages = zenpy.tickets.incremental(start_time=long_ago, paginate_by_time=True, per_page=2)
    assert (ids(pages.values), pages.count, pages.end_time) == ([1, 2, 3], 3, long_ago + 2)
    assert ids(pages) == [1, 2, 3, 4, 5]
    assert (pages.end_of_stream, pages.end_time) == (True, long_ago + 3)


@covers("tickets.__call__")
def test_people_groups_and_organizations_come_beside_the_tickets(zenpy: Z) -> None:
    new(zenpy, requester_id=CUSTOMER, assignee_id=ANN)
    (ticket,) = list(zenpy.tickets(include=["users", "groups", "organizations"]))
    assert (ticket.assignee.name, ticket.group.name, ticket.organization.name) == (
        "Ann Agent",
        "Support",
        "Customer Ltd",
    )


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda zenpy: zenpy.tickets(id=10**9), RecordNotFoundException),
        (lambda zenpy: zenpy.tickets.update(Ticket(id=10**9, subject="x")), RecordNotFoundException),
        (lambda zenpy: zenpy.tickets.delete(Ticket(id=10**9)), RecordNotFoundException),
        (lambda zenpy: zenpy.tickets.create(Ticket(subject="x")), APIException),
        (lambda zenpy: zenpy.tickets.create(Ticket(description="x", requester=User(name="y"))), APIException),
    ],
)
@covers()
def test_refusals_are_the_exceptions_that_they_are_with_zendesk(
    zenpy: Z, call: Callable[[Z], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        call(zenpy)

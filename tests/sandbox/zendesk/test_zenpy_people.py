"""Zenpy's calls about users, groups and organizations."""

import pytest
from zenpy.lib.api import GroupMembershipApi
from zenpy.lib.api_objects import Group, GroupMembership, Organization, User
from zenpy.lib.exception import APIException, RecordNotFoundException, ZenpyException

from tests.sandbox.zendesk.conftest import ANN, BEN, CUSTOMER
from tests.sandbox.zendesk.zenpy_calls import Z, covers, done, ids, new
from ticketsync.sandbox.zendesk.seed import ADMIN_ID, CLEO_ID

EVERYBODY = [ADMIN_ID, ANN, BEN, CLEO_ID, CUSTOMER]

# --- users


@covers("users.__call__", "users.me", "users.search")
def test_users_are_found(zenpy: Z) -> None:
    assert zenpy.users.me().id == ADMIN_ID
    assert ids(zenpy.users()) == EVERYBODY
    assert ids(zenpy.users(cursor_pagination=False)) == EVERYBODY
    assert ids(zenpy.users(role=["agent", "admin"])) == EVERYBODY[:4]
    assert ids(zenpy.users(ids=[ANN, BEN])) == [ANN, BEN]
    assert zenpy.users(id=ANN).email == "ann@sandbox.example"
    assert ids(zenpy.users.search(query="email:ann@sandbox.example")) == [ANN]
    assert ids(zenpy.users.search(query="agent")) == [ANN, BEN, CLEO_ID]


@covers("users.create", "users.update", "users.delete", "users.deleted", "users.permanently_delete")
def test_a_user_is_created_changed_and_deleted(zenpy: Z) -> None:
    user = zenpy.users.create(User(name="Zoe", email="zoe@sandbox.example", role="agent"))
    assert [group.name for group in zenpy.users.groups(user)] == ["Support"]
    user.name = "Zoe Zimmer"
    assert zenpy.users.update(user).name == "Zoe Zimmer"
    gone = zenpy.users.delete(user)
    assert (gone.active, gone.email) == (False, None)
    assert user.id not in ids(zenpy.users())
    assert ids(zenpy.users.deleted()) == [user.id]
    assert zenpy.users.permanently_delete(user).id == user.id
    with pytest.raises(RecordNotFoundException):
        zenpy.users.permanently_delete(user)


@covers("users.create", "users.update", "users.delete")
def test_users_are_written_by_the_hundred(zenpy: Z) -> None:
    people = [User(name=f"Agent {n}", email=f"a{n}@sandbox.example") for n in range(100)]
    made = done(zenpy, zenpy.users.create(people))
    assert [row.status for row in made] == ["Created"] * 100
    some = list(zenpy.users(ids=ids(made[:2])))
    for user in some:
        user.phone = "123"
    assert [row.status for row in done(zenpy, zenpy.users.update(some))] == ["Updated"] * 2
    assert [user.phone for user in zenpy.users(ids=ids(some))] == ["123", "123"]
    assert len(done(zenpy, zenpy.users.delete(some))) == 2
    assert ids(zenpy.users(ids=ids(some))) == []


@covers("users.create")
def test_a_hundred_and_one_users_are_too_many_in_words_of_their_own(zenpy: Z) -> None:
    with pytest.raises(APIException, match="Maximum 100 users may be created per call"):
        zenpy.users.create([User(name=str(n)) for n in range(101)])


@covers("users.create_or_update")
def test_a_user_is_created_or_updated_by_address(zenpy: Z) -> None:
    first = zenpy.users.create_or_update(User(name="Zoe", email="zoe@x.example"))
    again = zenpy.users.create_or_update(User(name="Zoe Z", email="ZOE@x.example"))
    assert (again.id, again.name) == (first.id, "Zoe Z")
    rows = done(zenpy, zenpy.users.create_or_update([User(name="Z", email="zoe@x.example"), User(name="New")]))
    assert [row.status for row in rows] == ["Updated", "Created"]


@covers("users.update_by_external_id", "users.delete_by_external_id", "users.__call__")
def test_users_are_written_by_their_external_ids(zenpy: Z) -> None:
    made = [zenpy.users.create(User(name=name, external_id=name)) for name in ("one", "two")]
    for user in made:
        user.phone = "7"
    done(zenpy, zenpy.users.update_by_external_id(made))
    assert {(user.external_id, user.phone) for user in zenpy.users(external_ids=["one", "two"])} == {
        ("one", "7"),
        ("two", "7"),
    }
    assert len(done(zenpy, zenpy.users.delete_by_external_id(made))) == 2
    assert ids(zenpy.users(external_ids=["one", "two"])) == []


@covers("users.tags", "users.set_tags", "users.add_tags", "users.delete_tags")
def test_users_have_tags(zenpy: Z) -> None:
    assert list(zenpy.users.set_tags(CUSTOMER, ["a", "b"])) == ["a", "b"]
    assert list(zenpy.users.add_tags(CUSTOMER, ["c"])) == ["a", "b", "c"]
    assert list(zenpy.users.delete_tags(CUSTOMER, ["a"])) == ["b", "c"]
    assert list(zenpy.users.tags(CUSTOMER)) == ["b", "c"]


@covers("users.requested", "users.assigned", "users.cced", "users.related")
def test_the_tickets_of_a_user_are_listed(zenpy: Z) -> None:
    ticket = new(zenpy, requester_id=CUSTOMER, assignee_id=ANN, email_cc_ids=[BEN])
    assert ids(zenpy.users.requested(CUSTOMER)) == [ticket.id]
    assert ids(zenpy.users.assigned(ANN)) == [ticket.id]
    assert ids(zenpy.users.cced(BEN)) == [ticket.id]
    assert ids(zenpy.users.assigned(BEN)) == []
    related = zenpy.users.related(ANN)
    assert (related.assigned_tickets, related.requested_tickets) == (1, 0)


@covers("users.groups", "users.group_memberships", "users.organizations")
def test_what_a_user_belongs_to_is_listed(zenpy: Z) -> None:
    assert [group.name for group in zenpy.users.groups(ANN)] == ["Support"]
    assert [(one.user_id, one.default) for one in zenpy.users.group_memberships(ANN)] == [(ANN, True)]
    assert [one.name for one in zenpy.users.organizations(CUSTOMER)] == ["Customer Ltd"]
    assert list(zenpy.users.organizations(ANN)) == []


@covers("users.incremental")
def test_the_export_of_users_is_read(zenpy: Z, an_hour_later: None) -> None:
    assert set(ids(zenpy.users.incremental(start_time=0))) == set(EVERYBODY)
    assert set(ids(zenpy.users.incremental(start_time=0, paginate_by_time=True))) == set(EVERYBODY)


# --- groups


@covers("groups.__call__", "groups.create", "groups.update", "groups.delete", "groups.assignable")
def test_groups_are_created_changed_and_deleted(zenpy: Z) -> None:
    group = zenpy.groups.create(Group(name="Billing"))
    assert [one.name for one in zenpy.groups()] == ["Billing", "Support"]
    assert [one.name for one in zenpy.groups(cursor_pagination=1)] == ["Billing", "Support"]
    assert [one.name for one in zenpy.groups(cursor_pagination=False)] == ["Billing", "Support"]
    group.name = "Zones"
    assert zenpy.groups.update(group).name == "Zones"
    assert [one.name for one in zenpy.groups.assignable()] == ["Support", "Zones"]
    assert zenpy.groups(id=group.id).deleted is False
    zenpy.groups.delete(group)
    assert [one.name for one in zenpy.groups()] == ["Support"]
    with pytest.raises(RecordNotFoundException):
        zenpy.groups.delete(group)


@covers(
    "groups.users",
    "groups.memberships",
    "groups.memberships_assignable",
    "group_memberships.__call__",
    "group_memberships.create",
    "group_memberships.delete",
    "group_memberships.assignable",
    "group_memberships.make_default",
)
def test_agents_join_and_leave_groups(zenpy: Z) -> None:
    group = zenpy.groups.create(Group(name="Billing"))
    joined = zenpy.group_memberships.create(GroupMembership(user_id=ANN, group_id=group.id))
    assert joined.default is False
    assert [user.name for user in zenpy.groups.users(group)] == ["Ann Agent"]
    assert ids(zenpy.groups.memberships(group)) == ids(zenpy.groups.memberships_assignable(group)) == [joined.id]
    assert len(list(zenpy.group_memberships())) == len(list(zenpy.group_memberships.assignable())) == 5
    assert zenpy.group_memberships(id=joined.id).group_id == group.id
    made = zenpy.group_memberships.make_default(ANN, joined)
    assert {(one.group_id == group.id, one.default) for one in made} == {(True, True), (False, False)}
    assert zenpy.users(id=ANN).default_group_id == group.id
    zenpy.group_memberships.delete(joined)
    assert list(zenpy.groups.users(group)) == []
    with pytest.raises(APIException):
        zenpy.group_memberships.create(GroupMembership(user_id=CUSTOMER, group_id=group.id))


# --- organizations


@covers("organizations.__call__", "organizations.create", "organizations.update", "organizations.delete")
def test_organizations_are_created_changed_and_deleted(zenpy: Z) -> None:
    made = zenpy.organizations.create(Organization(name="Globex", external_id="g-1"))
    assert [one.name for one in zenpy.organizations()] == ["Customer Ltd", "Globex"]
    assert [one.name for one in zenpy.organizations(cursor_pagination=1)] == ["Customer Ltd", "Globex"]
    made.details = "In the hills"
    assert zenpy.organizations.update(made).details == "In the hills"
    assert zenpy.organizations(id=made.id).name == "Globex"
    with pytest.raises(APIException):
        zenpy.organizations.create(Organization(name="Globex"))
    zenpy.organizations.delete(made)
    with pytest.raises(RecordNotFoundException):
        zenpy.organizations(id=made.id)


@covers("organizations.create", "organizations.update", "organizations.delete", "organizations.__call__")
def test_organizations_are_written_by_the_hundred(zenpy: Z) -> None:
    made = done(zenpy, zenpy.organizations.create([Organization(name=f"O {n}") for n in range(100)]))
    assert [row.status for row in made] == ["Created"] * 100
    some = list(zenpy.organizations(ids=ids(made[:2])))
    for one in some:
        one.notes = "x"
    assert [row.status for row in done(zenpy, zenpy.organizations.update(some))] == ["Updated"] * 2
    assert len(done(zenpy, zenpy.organizations.delete(some))) == 2
    assert list(zenpy.organizations(ids=ids(some))) == []


@covers(
    "organizations.create_or_update",
    "organizations.update_by_external_id",
    "organizations.delete_by_external_id",
)
def test_organizations_are_found_and_written_by_their_external_ids(zenpy: Z) -> None:
    first = zenpy.organizations.create_or_update(Organization(name="Globex", external_id="g-1"))
    again = zenpy.organizations.create_or_update(Organization(name="Globex 2", external_id="g-1"))
    assert (again.id, again.name) == (first.id, "Globex 2")
    again.notes = "x"
    done(zenpy, zenpy.organizations.update_by_external_id([again]))
    assert zenpy.organizations(id=first.id).notes == "x"
    assert len(done(zenpy, zenpy.organizations.delete_by_external_id([again]))) == 1
    assert list(zenpy.organizations(ids=[first.id])) == []


@covers(
    "organizations.users",
    "organizations.tags",
    "organizations.set_tags",
    "organizations.add_tags",
    "organizations.delete_tags",
)
def test_what_belongs_to_an_organization(zenpy: Z) -> None:
    (company,) = list(zenpy.organizations())
    assert [user.name for user in zenpy.organizations.users(company)] == ["Carla Customer"]
    assert list(zenpy.organizations.set_tags(company.id, ["a", "b"])) == ["a", "b"]
    assert list(zenpy.organizations.add_tags(company.id, ["c"])) == ["a", "b", "c"]
    assert list(zenpy.organizations.delete_tags(company.id, ["a"])) == ["b", "c"]
    assert list(zenpy.organizations.tags(company.id)) == ["b", "c"]


@covers("organizations.incremental")
def test_the_export_of_organizations_is_read(zenpy: Z, an_hour_later: None) -> None:
    assert [one.name for one in zenpy.organizations.incremental(start_time=0)] == ["Customer Ltd"]


@pytest.fixture
async def an_hour_later(desk: object) -> None:
    """What is there is old enough for the export."""
    await desk.control("PUT", "/clock", offset_seconds=3600)  # type: ignore[attr-defined]


def test_zenpy_itself_refuses_to_change_a_membership() -> None:
    with pytest.raises(ZenpyException):
        GroupMembershipApi.update(None, None)

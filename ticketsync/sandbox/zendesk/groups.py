"""Routes of groups and of who is in them (reference/zendesk-api §7, §14)."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, AGENTS_ONLY
from ticketsync.sandbox.zendesk.errors import not_found, record_invalid
from ticketsync.sandbox.zendesk.inputs import GroupInput, MembershipInput, json_object, read_noun
from ticketsync.sandbox.zendesk.models import Group, GroupMembership
from ticketsync.sandbox.zendesk.paging import address_of, listed
from ticketsync.sandbox.zendesk.views import group_json, membership_json, user_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body, warn_of_extra

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])


def _live_groups(account: Account) -> list[Group]:
    return sorted((group for group in account.store.state.groups.values() if not group.deleted), key=_by_name)


def _by_name(group: Group) -> tuple[str, int]:
    return group.name, group.id


def _group_page(request: Request, groups: Iterable[Group]) -> dict[str, Any]:
    base = address_of(request)
    return listed(request, "groups", sorted(groups, key=_by_name), lambda one: group_json(one, base), key=_by_name)


@router.get("/groups")
async def list_groups(account: AccountHere, request: Request) -> dict[str, Any]:
    """By name."""
    return _group_page(request, _live_groups(account))


@router.get("/groups/assignable")
async def assignable(account: AccountHere, request: Request) -> dict[str, Any]:
    return _group_page(request, _live_groups(account))


@router.get("/groups/{group_id}")
async def show(account: AccountHere, request: Request, group_id: int) -> dict[str, Any]:
    return {"group": group_json(account.store.group(group_id), address_of(request))}


@router.post("/groups", status_code=201, dependencies=[ADMINS_ONLY])
async def create(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    data = read_noun(await json_object(request), "group", GroupInput)
    if not data.name:
        raise record_invalid("name", "Name: cannot be blank", "BlankValue")
    warn_of_extra(response, "groups", "create", "group", data)
    now = account.clock.now()
    sent = data.sent_fields
    group = Group.model_validate(sent | {"id": account.store.new_object_id(), "created_at": now, "updated_at": now})
    return _kept(account, request, response, group)


@router.put("/groups/{group_id}", dependencies=[ADMINS_ONLY])
async def update(account: AccountHere, request: Request, response: Response, group_id: int) -> dict[str, Any]:
    """Answers with a `location`, as recorded."""
    group = account.store.group(group_id)
    data = read_noun(await json_object(request), "group", GroupInput)
    warn_of_extra(response, "groups", "update", "group", data)
    sent = {name: value for name, value in data.sent_fields.items() if value is not None}
    return _kept(account, request, response, group.model_copy(update=sent | {"updated_at": account.clock.now()}))


def _kept(account: Account, request: Request, response: Response, group: Group) -> dict[str, Any]:
    account.store.state.groups[group.id] = group
    account.store.changed()
    shown = group_json(group, address_of(request))
    response.headers["location"] = shown["url"]
    return {"group": shown}


@router.delete("/groups/{group_id}", status_code=204, dependencies=[ADMINS_ONLY])
async def delete(account: AccountHere, request: Request, response: Response, group_id: int) -> None:
    await warn_of_body(request, response, "groups", "destroy", "group")
    account.store.group(group_id).deleted = True
    account.store.changed()


@router.get("/groups/{group_id}/users")
async def users(account: AccountHere, request: Request, group_id: int) -> dict[str, Any]:
    members = {one.user_id for one in _memberships(account) if one.group_id == account.store.group(group_id).id}
    found = [user for _, user in sorted(account.store.state.users.items()) if user.id in members and user.active]
    return listed(request, "users", found, lambda one: user_json(one, address_of(request)))


# --- memberships


def _memberships(account: Account) -> list[GroupMembership]:
    return [one for _, one in sorted(account.store.state.group_memberships.items())]


def _membership_page(request: Request, rows: list[GroupMembership]) -> dict[str, Any]:
    return listed(request, "group_memberships", rows, lambda one: membership_json(one, address_of(request)))


@router.get("/group_memberships")
async def list_memberships(account: AccountHere, request: Request) -> dict[str, Any]:
    return _membership_page(request, _memberships(account))


@router.get("/group_memberships/assignable")
async def assignable_memberships(account: AccountHere, request: Request) -> dict[str, Any]:
    return _membership_page(request, _memberships(account))


@router.get("/groups/{group_id}/memberships")
@router.get("/groups/{group_id}/memberships/assignable")
async def memberships_of_group(account: AccountHere, request: Request, group_id: int) -> dict[str, Any]:
    group = account.store.group(group_id)
    return _membership_page(request, [one for one in _memberships(account) if one.group_id == group.id])


@router.get("/users/{user_id}/group_memberships")
async def memberships_of_user(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    return _membership_page(request, [one for one in _memberships(account) if one.user_id == user.id])


@router.get("/users/{user_id}/groups")
async def groups_of_user(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    joined = {one.group_id for one in _memberships(account) if one.user_id == user.id}
    return _group_page(request, [group for group in _live_groups(account) if group.id in joined])


@router.get("/group_memberships/{membership_id}")
async def show_membership(account: AccountHere, request: Request, membership_id: int) -> dict[str, Any]:
    return {"group_membership": membership_json(_membership(account, membership_id), address_of(request))}


def _membership(account: Account, membership_id: int) -> GroupMembership:
    membership = account.store.state.group_memberships.get(membership_id)
    if membership is None:
        raise not_found()
    return membership


@router.post("/group_memberships", status_code=201, dependencies=[ADMINS_ONLY])
async def join(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    data = read_noun(await json_object(request), "group_membership", MembershipInput)
    user, group = account.store.user(data.user_id), account.store.group(data.group_id)
    if not user.is_staff:
        raise record_invalid("user", "User: is not an agent", "InvalidValue")
    if any((one.user_id, one.group_id) == (user.id, group.id) for one in _memberships(account)):
        raise record_invalid("user_id", "User has already been taken", "DuplicateValue")
    membership = account.store.join(user.id, group.id, account.clock.now())
    shown = membership_json(membership, address_of(request))
    response.headers["location"] = shown["url"]
    return {"group_membership": shown}


@router.delete("/group_memberships/{membership_id}", status_code=204, dependencies=[ADMINS_ONLY])
async def leave(account: AccountHere, request: Request, response: Response, membership_id: int) -> None:
    await warn_of_body(request, response, "group_memberships", "destroy", "group_membership")
    del account.store.state.group_memberships[_membership(account, membership_id).id]
    account.store.changed()


@router.put("/users/{user_id}/group_memberships/{membership_id}/make_default")
async def make_default(account: AccountHere, request: Request, user_id: int, membership_id: int) -> dict[str, Any]:
    chosen, user = _membership(account, membership_id), account.store.user(user_id)
    if chosen.user_id != user.id:
        raise not_found()
    own = [one for one in _memberships(account) if one.user_id == user.id]
    for one in own:
        one.default = one.id == chosen.id
    user.default_group_id = chosen.group_id
    account.store.changed()
    return {"group_memberships": [membership_json(one, address_of(request)) for one in own]}

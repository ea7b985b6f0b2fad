"""Routes that write many users at once, the tags of one, and users that are gone (reference/zendesk-api §7, §14)."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, AGENTS_ONLY
from ticketsync.sandbox.zendesk.bulk import bulk_job
from ticketsync.sandbox.zendesk.errors import bad_request, not_found
from ticketsync.sandbox.zendesk.inputs import (
    MOST_IDS,
    TagsInput,
    UserInput,
    json_object,
    read_ids,
    read_list,
    read_noun,
    read_object,
    read_words,
)
from ticketsync.sandbox.zendesk.jobs import updated_row
from ticketsync.sandbox.zendesk.models import User
from ticketsync.sandbox.zendesk.paging import address_of, listed
from ticketsync.sandbox.zendesk.users import create_user, delete_user, update_user
from ticketsync.sandbox.zendesk.views import user_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])


async def _rows(request: Request) -> list[UserInput]:
    """Users say their limit in words of their own, as recorded."""
    body = await json_object(request)
    if isinstance(body.get("users"), list) and len(body["users"]) > MOST_IDS:
        raise bad_request("TooManyValues", f"Maximum {MOST_IDS} users may be created per call")
    return read_list(body, "users", UserInput)


def _known(account: Account, data: UserInput) -> User | None:
    """Whom a client means that does not know whether they are there: by id, external id or address."""
    people = [user for user in account.store.state.users.values() if user.active]
    named = (user for user in people if data.external_id is not None and user.external_id == data.external_id)
    by_id = (user for user in people if user.id == data.row_id)
    found = next(by_id, None) or next(named, None)
    return found or (account.store.user_by_email(data.email) if data.email else None)


@router.post("/users/create_many")
async def create_many(account: AccountHere, request: Request) -> dict[str, Any]:
    def create(_: int, data: UserInput) -> JsonValue:
        return {"id": create_user(account, data).id, "status": "Created"}

    return bulk_job(account, request, "Bulk Create User", await _rows(request), create)


@router.post("/users/create_or_update")
async def create_or_update(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    """201 for a new one, 200 for one that was there."""
    data = read_noun(await json_object(request), "user", UserInput)
    known = _known(account, data)
    user = update_user(account, known, data) if known else create_user(account, data)
    response.status_code = 200 if known else 201
    return {"user": user_json(user, address_of(request))}


@router.post("/users/create_or_update_many")
async def create_or_update_many(account: AccountHere, request: Request) -> dict[str, Any]:
    def write(_: int, data: UserInput) -> JsonValue:
        known = _known(account, data)
        if known is not None:
            return {"id": update_user(account, known, data).id, "status": "Updated"}
        return {"id": create_user(account, data).id, "status": "Created"}

    return bulk_job(account, request, "Bulk Create User", await _rows(request), write)


@router.put("/users/update_many")
async def update_many(account: AccountHere, request: Request, ids: str = "", external_ids: str = "") -> dict[str, Any]:
    """Either `{"users": [{"id", …}]}`, with `external_ids` each by the name at its place; or one change for all ids."""
    body = await json_object(request)
    if ids and "user" in body:
        data = read_noun(body, "user", UserInput)
        changes = [(_by_id(one), data) for one in read_ids(ids)]
    else:
        rows, names = await _rows(request), read_words(external_ids)
        places: list[Callable[[User], bool]] = [_by_name(name) for name in names]
        changes = list(zip(places or [_by_id(data.row_id) for data in rows], rows, strict=False))

    def update(_: int, change: tuple[Callable[[User], bool], UserInput]) -> JsonValue:
        return updated_row(update_user(account, _one(account, change[0]), change[1]).id)

    return bulk_job(account, request, "Bulk Update User", changes, update, id_of=lambda change: change[1].row_id)


def _by_id(user_id: int | None) -> Callable[[User], bool]:
    return lambda user: user.id == user_id


def _by_name(external_id: str) -> Callable[[User], bool]:
    return lambda user: user.external_id == external_id


def _one(account: Account, is_meant: Callable[[User], bool]) -> User:
    user = next((user for user in account.store.state.users.values() if user.active and is_meant(user)), None)
    if user is None:
        raise not_found()
    return user


@router.delete("/users/destroy_many", dependencies=[ADMINS_ONLY])
async def destroy_many(
    account: AccountHere, request: Request, response: Response, ids: str = "", external_ids: str = ""
) -> dict[str, Any]:
    await warn_of_body(request, response, "users", "destroy_many", "users")
    numbers, names = set(read_ids(ids)), set(read_words(external_ids))
    people = account.store.state.users.values()
    found = [user for user in people if user.active and (user.id in numbers or user.external_id in names)]

    def destroy(_: int, user: User) -> JsonValue:
        return {"id": delete_user(account, user).id, "action": "delete", "status": "Deleted", "success": True}

    return bulk_job(account, request, "Bulk Delete User", found, destroy)


# --- users that are gone


def _deleted(account: Account) -> list[User]:
    return [user for _, user in sorted(account.store.state.users.items()) if not user.active]


@router.get("/deleted_users")
async def list_deleted(account: AccountHere, request: Request) -> dict[str, Any]:
    return listed(request, "deleted_users", _deleted(account), lambda user: user_json(user, address_of(request)))


@router.get("/deleted_users/{user_id}")
async def show_deleted(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    return {"deleted_user": user_json(_gone(account, user_id), address_of(request))}


@router.delete("/deleted_users/{user_id}", dependencies=[ADMINS_ONLY])
async def destroy_for_good(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = _gone(account, user_id)
    del account.store.state.users[user.id]
    account.store.changed()
    return {"deleted_user": user_json(user, address_of(request)) | {"permanently_deleted": True}}


def _gone(account: Account, user_id: int) -> User:
    user = next((user for user in _deleted(account) if user.id == user_id), None)
    if user is None:
        raise not_found()
    return user


# --- one user


@router.get("/users/{user_id}/related")
async def related(account: AccountHere, user_id: int) -> dict[str, Any]:
    user, tickets = account.store.user(user_id), account.store.live_tickets()
    numbers = {
        "assigned_tickets": sum(ticket.assignee_id == user.id for ticket in tickets),
        "requested_tickets": sum(ticket.requester_id == user.id for ticket in tickets),
        "ccd_tickets": sum(user.id in ticket.email_cc_ids for ticket in tickets),
        "organization_subscriptions": 0,
    }
    return {"user_related": numbers}


@router.get("/users/{user_id}/tags")
async def tags(account: AccountHere, user_id: int) -> dict[str, Any]:
    return {"tags": account.store.user(user_id).tags}


@router.post("/users/{user_id}/tags")
@router.put("/users/{user_id}/tags")
@router.delete("/users/{user_id}/tags")
async def change_tags(account: AccountHere, request: Request, response: Response, user_id: int) -> dict[str, Any]:
    """POST sets them, PUT adds to them, DELETE takes away (§10)."""
    user = account.store.user(user_id)
    user.tags = read_object(await json_object(request), "tags", TagsInput).laid_over(user.tags, request.method)
    response.status_code = 201 if request.method == "POST" else 200
    account.store.changed()
    return {"tags": user.tags}

"""Routes of users (reference/zendesk-api §7)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, AGENTS_ONLY, SignedIn
from ticketsync.sandbox.zendesk.errors import record_invalid
from ticketsync.sandbox.zendesk.inputs import UserInput, json_object, read_ids, read_noun, read_words
from ticketsync.sandbox.zendesk.models import User
from ticketsync.sandbox.zendesk.paging import address_of, listed, offset_page
from ticketsync.sandbox.zendesk.views import user_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body

router = APIRouter(prefix="/api/v2")
for_agents = APIRouter(dependencies=[AGENTS_ONLY])


def _active_users(account: Account) -> list[User]:
    return [user for _, user in sorted(account.store.state.users.items()) if user.active]


def _shown(request: Request, user: User) -> dict[str, Any]:
    return {"user": user_json(user, address_of(request))}


@router.get("/users/me")
async def show_me(caller: SignedIn, request: Request) -> dict[str, Any]:
    return _shown(request, caller)


@for_agents.get("/users")
async def list_users(account: AccountHere, request: Request) -> dict[str, Any]:
    """`role=agent`, or several as `role[]=agent&role[]=admin`."""
    query = request.query_params
    roles = query.getlist("role[]") + query.getlist("role")
    users = [user for user in _active_users(account) if not roles or user.role in roles]
    return listed(request, "users", users, lambda user: user_json(user, address_of(request)))


@for_agents.get("/users/show_many")
async def show_many(account: AccountHere, request: Request, ids: str = "", external_ids: str = "") -> dict[str, Any]:
    numbers, names = set(read_ids(ids)), set(read_words(external_ids))
    users = [user for user in _active_users(account) if user.id in numbers or user.external_id in names]
    return offset_page(request, "users", users, lambda user: user_json(user, address_of(request)))


@for_agents.get("/users/search")
async def search(
    account: AccountHere, request: Request, query: str = "", external_id: str | None = None
) -> dict[str, Any]:
    """`query=email:a@b.c` finds that address, other words are searched in name and address; offset paging only."""
    users = [user for user in _active_users(account) if _is_hit(user, query, external_id)]
    return offset_page(request, "users", users, lambda user: user_json(user, address_of(request)))


def _is_hit(user: User, query: str, external_id: str | None) -> bool:
    if external_id is not None:
        return user.external_id == external_id
    words = query.replace('"', "").casefold()
    address = (user.email or "").casefold()
    if words.startswith("email:"):
        return address == words.removeprefix("email:").strip()
    return bool(words) and (words in user.name.casefold() or words in address)


@for_agents.get("/users/{user_id}")
async def show(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    return _shown(request, account.store.user(user_id))


@for_agents.post("/users", status_code=201)
async def create(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    answer = _shown(request, create_user(account, read_noun(await json_object(request), "user", UserInput)))
    response.headers["location"] = answer["user"]["url"]
    return answer


def create_user(account: Account, data: UserInput) -> User:
    """An agent is in the account's default group from the start. ApiError 422."""
    if not data.name:
        raise record_invalid("name", "Name: is too short (minimum is 1 characters)", "BlankValue")
    _refuse_taken_address(account, data.email, user_id=None)
    now = account.clock.now()
    sent = {name: value for name, value in data.sent_fields.items() if value is not None}
    user = User.model_validate(sent | {"id": account.store.new_object_id(), "created_at": now, "updated_at": now})
    if user.is_staff and user.default_group_id is None:
        user.default_group_id = account.settings.group_id
    if user.is_staff and user.default_group_id is not None:
        account.store.join(user.id, user.default_group_id, now)
    return _keep(account, user)


@for_agents.put("/users/{user_id}")
async def update(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    return _shown(request, update_user(account, user, read_noun(await json_object(request), "user", UserInput)))


def update_user(account: Account, user: User, data: UserInput) -> User:
    """ApiError 422."""
    _refuse_taken_address(account, data.email, user_id=user.id)
    kept = {"name": data.name or user.name, "role": data.role or user.role, "updated_at": account.clock.now()}
    return _keep(account, user.model_copy(update=data.sent_fields | kept))


@for_agents.delete("/users/{user_id}", dependencies=[ADMINS_ONLY])
async def delete(account: AccountHere, request: Request, response: Response, user_id: int) -> dict[str, Any]:
    """200 with the user, who is inactive and has no address from then on (§14)."""
    await warn_of_body(request, response, "users", "destroy", "user")
    return _shown(request, delete_user(account, account.store.user(user_id)))


def delete_user(account: Account, user: User) -> User:
    return _keep(account, user.model_copy(update={"active": False, "email": None}))


def _refuse_taken_address(account: Account, email: str | None, user_id: int | None) -> None:
    owner = account.store.user_by_email(email) if email else None
    if owner is not None and owner.id != user_id:
        raise record_invalid("email", f"Email: {email} is already being used by another user", "DuplicateValue")


def _keep(account: Account, user: User) -> User:
    account.store.state.users[user.id] = user
    account.store.changed()
    return user


router.include_router(for_agents)

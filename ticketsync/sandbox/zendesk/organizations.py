"""Routes of organizations (reference/zendesk-api §7, §14)."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, AGENTS_ONLY
from ticketsync.sandbox.zendesk.bulk import bulk_job
from ticketsync.sandbox.zendesk.errors import bad_request, record_invalid
from ticketsync.sandbox.zendesk.inputs import (
    OrganizationInput,
    TagsInput,
    json_object,
    read_ids,
    read_list,
    read_noun,
    read_object,
    read_words,
)
from ticketsync.sandbox.zendesk.jobs import updated_row
from ticketsync.sandbox.zendesk.models import Organization
from ticketsync.sandbox.zendesk.paging import address_of, listed, offset_page
from ticketsync.sandbox.zendesk.views import organization_json, user_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body, warn_of_extra

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])


def _all(account: Account) -> list[Organization]:
    return [one for _, one in sorted(account.store.state.organizations.items())]


def _shown(request: Request, organization: Organization) -> dict[str, Any]:
    return organization_json(organization, address_of(request))


def _offset_page(request: Request, rows: list[Organization]) -> dict[str, Any]:
    return offset_page(request, "organizations", rows, lambda one: _shown(request, one))


@router.get("/organizations")
async def list_organizations(account: AccountHere, request: Request) -> dict[str, Any]:
    return listed(request, "organizations", _all(account), lambda one: _shown(request, one))


@router.get("/organizations/show_many")
async def show_many(account: AccountHere, request: Request, ids: str = "", external_ids: str = "") -> dict[str, Any]:
    return _offset_page(request, _named(account, read_ids(ids), read_words(external_ids)))


def _named(account: Account, ids: Iterable[int], external_ids: Iterable[str]) -> list[Organization]:
    numbers, names = set(ids), set(external_ids)
    return [one for one in _all(account) if one.id in numbers or one.external_id in names]


@router.get("/organizations/search")
async def search(
    account: AccountHere, request: Request, external_id: str | None = None, name: str | None = None
) -> dict[str, Any]:
    if external_id is None and name is None:
        raise bad_request("MissingParameter", "external_id or name is required")
    found = [one for one in _all(account) if (external_id or name) == (one.external_id if external_id else one.name)]
    return _offset_page(request, found)


@router.get("/organizations/{organization_id}")
async def show(account: AccountHere, request: Request, organization_id: int) -> dict[str, Any]:
    return {"organization": _shown(request, account.store.organization(organization_id))}


@router.get("/organizations/{organization_id}/users")
async def users(account: AccountHere, request: Request, organization_id: int) -> dict[str, Any]:
    organization = account.store.organization(organization_id)
    people = [user for _, user in sorted(account.store.state.users.items()) if user.active]
    found = [user for user in people if user.organization_id == organization.id]
    return listed(request, "users", found, lambda one: user_json(one, address_of(request)))


@router.get("/users/{user_id}/organizations")
async def of_user(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    found = [one for one in _all(account) if one.id == user.organization_id]
    return listed(request, "organizations", found, lambda one: _shown(request, one))


# --- writing


def _create(account: Account, data: OrganizationInput) -> Organization:
    if not data.name:
        raise record_invalid("name", "Name: cannot be blank", "BlankValue")
    _refuse_taken_name(account, data.name, None)
    now = account.clock.now()
    organization = Organization.model_validate(
        data.sent_fields | {"id": account.store.new_object_id(), "created_at": now, "updated_at": now}
    )
    return _kept(account, organization)


def _update(account: Account, organization: Organization, data: OrganizationInput) -> Organization:
    _refuse_taken_name(account, data.name, organization.id)
    changes = data.sent_fields | {"name": data.name or organization.name, "updated_at": account.clock.now()}
    return _kept(account, organization.model_copy(update=changes))


def _refuse_taken_name(account: Account, name: str | None, own_id: int | None) -> None:
    if any(one.name == name and one.id != own_id for one in _all(account)):
        raise record_invalid("name", f"Name: {name} has already been taken", "DuplicateValue")


def _kept(account: Account, organization: Organization) -> Organization:
    account.store.state.organizations[organization.id] = organization
    account.store.changed()
    return organization


@router.post("/organizations", status_code=201)
async def create(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    data = read_noun(await json_object(request), "organization", OrganizationInput)
    warn_of_extra(response, "organizations", "create", "organization", data)
    shown = _shown(request, _create(account, data))
    response.headers["location"] = shown["url"]
    return {"organization": shown}


@router.post("/organizations/create_or_update")
async def create_or_update(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    """By id, or by external id: 201 for a new one, 200 for one that was there."""
    data = read_noun(await json_object(request), "organization", OrganizationInput)
    known = _named(account, [data.row_id] if data.row_id else [], [data.external_id] if data.external_id else [])
    organization = _update(account, known[0], data) if known else _create(account, data)
    response.status_code = 200 if known else 201
    return {"organization": _shown(request, organization)}


@router.post("/organizations/create_many")
async def create_many(account: AccountHere, request: Request) -> dict[str, Any]:
    def make(_: int, data: OrganizationInput) -> JsonValue:
        return {"status": "Created", "id": _create(account, data).id}

    rows = read_list(await json_object(request), "organizations", OrganizationInput)
    return bulk_job(account, request, "Bulk Create Organization", rows, make)


@router.put("/organizations/update_many")
async def update_many(account: AccountHere, request: Request, external_ids: str = "") -> dict[str, Any]:
    """Each is found by its id; with `external_ids` each by the name at its place."""
    rows = read_list(await json_object(request), "organizations", OrganizationInput)
    names = read_words(external_ids)

    def change(index: int, data: OrganizationInput) -> JsonValue:
        found = _named(account, [], names[index : index + 1]) if names else _named(account, [data.row_id or 0], [])
        if not found:
            raise record_invalid("id", "Organization: not found", "RecordNotFound")
        return updated_row(_update(account, found[0], data).id)

    return bulk_job(account, request, "Bulk Update Organization", rows, change, id_of=lambda data: data.row_id)


@router.put("/organizations/{organization_id}")
async def update(account: AccountHere, request: Request, response: Response, organization_id: int) -> dict[str, Any]:
    organization = account.store.organization(organization_id)
    data = read_noun(await json_object(request), "organization", OrganizationInput)
    warn_of_extra(response, "organizations", "update", "organization", data)
    return {"organization": _shown(request, _update(account, organization, data))}


@router.delete("/organizations/destroy_many", dependencies=[ADMINS_ONLY])
async def destroy_many(
    account: AccountHere, request: Request, response: Response, ids: str = "", external_ids: str = ""
) -> dict[str, Any]:
    await warn_of_body(request, response, "organizations", "destroy_many", "organizations")
    found = _named(account, read_ids(ids), read_words(external_ids))

    def destroy(_: int, organization: Organization) -> JsonValue:
        _delete(account, organization)
        return {"id": organization.id, "action": "delete", "status": "Deleted", "success": True}

    return bulk_job(account, request, "Bulk Delete Organization", found, destroy)


@router.delete("/organizations/{organization_id}", status_code=204, dependencies=[ADMINS_ONLY])
async def delete(account: AccountHere, request: Request, response: Response, organization_id: int) -> None:
    await warn_of_body(request, response, "organizations", "destroy", "organization")
    _delete(account, account.store.organization(organization_id))


def _delete(account: Account, organization: Organization) -> None:
    """Its people belong to none from then on."""
    del account.store.state.organizations[organization.id]
    for user in account.store.state.users.values():
        if user.organization_id == organization.id:
            user.organization_id = None
    account.store.changed()


# --- tags


@router.get("/organizations/{organization_id}/tags")
async def tags(account: AccountHere, organization_id: int) -> dict[str, Any]:
    return {"tags": account.store.organization(organization_id).tags}


@router.post("/organizations/{organization_id}/tags")
@router.put("/organizations/{organization_id}/tags")
@router.delete("/organizations/{organization_id}/tags")
async def change_tags(
    account: AccountHere, request: Request, response: Response, organization_id: int
) -> dict[str, Any]:
    """POST sets them, PUT adds to them, DELETE takes away (§10)."""
    organization = account.store.organization(organization_id)
    sent = read_object(await json_object(request), "tags", TagsInput)
    organization.tags = sent.laid_over(organization.tags, request.method)
    response.status_code = 201 if request.method == "POST" else 200
    account.store.changed()
    return {"tags": organization.tags}

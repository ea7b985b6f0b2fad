"""One call on its way to its route: who calls, which ids the path names, the checked query and body.

Like the real site, unknown query parameters and body fields are ignored, unless `Switches.strict` is on; values of the
wrong type are refused. Routes are declared once with the models they read, so that no route can forget the check.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ticketsync.sandbox.teamwork.errors import Refused
from ticketsync.sandbox.teamwork.records import Person
from ticketsync.sandbox.teamwork.site import Site
from ticketsync.sandbox.teamwork.versions import V3


def _split_commas(value: object) -> object:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


Ids = Annotated[tuple[int, ...], BeforeValidator(_split_commas)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]


class Query(BaseModel):
    """Query parameters. Repeated ones are joined with commas; `fields[x]=a,b` ends up in a field named `fields`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Body(BaseModel):
    """A JSON body. Numbers in place of strings and the like are refused, as the real site's decoder does."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", strict=True, frozen=True)


class NoBody(Body):
    """For calls whose body, if there is one, nobody reads."""


class WriteQuery(Query):
    """`fireWebhook=false` asks that no webhook be sent; the sandbox sends none."""

    fire_webhook: bool = True


Q = TypeVar("Q", bound=Query)
B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    site: Site
    person: Person
    ids: dict[str, int]
    query: Q
    body: B


def read(version: str, path: str, handler: Callable[[Call[Q, NoBody]], Response], query: type[Q]) -> Route:
    """A GET route of `version` (V3, V1, V1_ALIAS); `path` without `.json`."""
    return _route("GET", f"{version}{path}.json", handler, query, NoBody)


def write(
    method: str, version: str, path: str, handler: Callable[[Call[WriteQuery, B]], Response], body: type[B]
) -> Route:
    """A route that changes something; `path` without `.json`."""
    return _route(method, f"{version}{path}.json", handler, WriteQuery, body)


def _route(method: str, path: str, handler: Callable[[Call[Q, B]], Response], query: type[Q], body: type[B]) -> Route:
    async def endpoint(request: Request) -> Response:
        site: Site = request.app.state.site
        call = Call(
            site=site,
            person=request.scope["person"],
            ids=request.path_params,
            query=_query(query, request, strict=site.switches.strict),
            body=_body(body, request.url.path, await request.body(), strict=site.switches.strict),
        )
        return handler(call)

    return Route(path, endpoint, methods=[method])


def _query(model: type[Q], request: Request, *, strict: bool) -> Q:
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith("fields[") and name.endswith("]"):
            given.setdefault("fields", {})[name[7:-1]] = value
        else:
            given[name] = f"{given[name]},{value}" if name in given else value
    try:
        return model.model_validate(given, extra="forbid" if strict else None)
    except ValidationError as error:
        raise Refused(400, f"query parameter {_fault(error)}") from None


def _body(model: type[B], path: str, raw: bytes, *, strict: bool) -> B:
    if model is NoBody:
        return model()
    try:
        return model.model_validate_json(raw, extra="forbid" if strict else None)
    except ValidationError as error:
        unreadable = error.errors()[0]["type"] in {"json_invalid", "model_type"} or _wrapper_missing(error)
        v1 = not path.startswith(f"{V3}/")
        raise Refused(422 if v1 and unreadable else 400, f"body {_fault(error)}") from None


def _wrapper_missing(error: ValidationError) -> bool:
    first = error.errors()[0]
    return first["type"] == "missing" and len(first["loc"]) == 1


def _fault(error: ValidationError) -> str:
    """Where and why, without the value: it may be ticket text."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"'{'.'.join(str(part) for part in first['loc'])}': {first['msg']}"

"""What schemathesis makes of `/openapi.json`: requests that fit the description, and requests that do not."""

from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.storms.bad_input import Keys, signature
from ticketsync.settings import DEFAULT_DESK

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

# The same requests every time: a storm that is new each day is `make storm`.
in_bounds = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def break_openapi(url: str, keys: Keys) -> Counter[tuple[str, int]]:
    """Send them; returns how often each operation gave which status. Raises what schemathesis found, if anything."""
    seen: Counter[tuple[str, int]] = Counter()
    for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        if not isinstance(found, Ok):
            raise found.err()
        operation = found.ok()
        _break(operation, GenerationMode.POSITIVE, keys, seen)
        if operation.path_parameters or operation.body:
            _break(operation, GenerationMode.NEGATIVE, keys, seen)
    return seen


def _break(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, keys: Keys, seen: Counter[tuple[str, int]]
) -> None:
    @in_bounds
    @given(case=operation.as_strategy(generation_mode=mode), known_desk=st.booleans())
    def one(case: Case[Any], known_desk: bool) -> None:
        if known_desk and "desk" in case.path_parameters:
            case.path_parameters["desk"] = DEFAULT_DESK
        response = case.call(auth=lambda prepared: _authorized(prepared, keys))
        seen[operation.label, response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    one()


def _authorized(prepared: Any, keys: Keys) -> Any:
    """The request with all that opens a door: what is wrong with it must be found behind."""
    body = prepared.body or b""
    raw = body if isinstance(body, bytes) else str(body).encode()
    given = dict(signature(raw, keys.secret))
    prepared.headers.update({name.decode(): value.decode() for name, value in given.items()})
    prepared.headers.update({"X-Webhook-Secret": keys.secret, "Authorization": f"Bearer {keys.api_token}"})
    return prepared

"""Refusals in Zendesk's words (reference/zendesk-api §6, §9): one exception carries status, body and headers."""

from collections.abc import Mapping
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ticketsync.sandbox.faults import CONTROL_PREFIX, Fault, answer_headers

ACCOUNT_LIMIT_TEXT = "Number of allowed API requests per minute exceeded"
NOT_AUTHENTICATED = {"error": "Couldn't authenticate you"}


class ApiError(Exception):
    """An answer other than 2xx; `body` is sent as JSON."""

    def __init__(self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


def not_found() -> ApiError:
    return ApiError(404, {"error": "RecordNotFound", "description": "Not found"})


def forbidden() -> ApiError:
    message = (
        "You do not have access to this page. Please contact the account owner of this help desk for further help."
    )
    return ApiError(403, {"error": {"title": "Forbidden", "message": message}})


def bad_request(error: str, description: str) -> ApiError:
    return ApiError(400, {"error": error, "description": description})


def invalid_attribute(noun: str, name: str) -> ApiError:
    message = f"You passed an invalid value for the {name} attribute. Invalid value for a {noun}"
    return ApiError(400, {"error": {"title": "Invalid attribute", "message": message}})


def record_invalid(field: str, description: str, error: str) -> ApiError:
    details = {field: [{"description": description, "error": error}]}
    return ApiError(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def too_many_values(most: int) -> ApiError:
    description = f"Parameter  cannot specify more than {most} values"
    return ApiError(400, {"error": "TooManyValues", "description": description, "max_count": most})


def limit_exceeded(what: str, seconds: int) -> ApiError:
    description = f"Number of allowed {what} API requests per minute exceeded"
    return ApiError(429, {"error": "APIRateLimitExceeded", "description": description}, {"Retry-After": str(seconds)})


def newer_error(status: int, code: str, detail: str) -> ApiError:
    """The form of the newer endpoints, webhooks among them."""
    return ApiError(status, {"errors": [{"code": code, "title": code, "detail": detail, "status": str(status)}]})


def fault_answer(fault: Fault) -> Response:
    """What an injected refusal looks like: an account's 429 is plain text, not JSON."""
    headers = answer_headers(fault)
    match fault.kind:
        case "rate_limited":
            return PlainTextResponse(ACCOUNT_LIMIT_TEXT, 429, headers)
        case "unauthorized":
            return JSONResponse(NOT_AUTHENTICATED, 401, headers)
        case _:
            return PlainTextResponse("", fault.status, headers)


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(ApiError, _answer_refusal)
    app.add_exception_handler(HTTPException, _answer_unknown_path)
    app.add_exception_handler(RequestValidationError, _answer_bad_parameter)


async def _answer_refusal(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        _unexpected(error)
    return JSONResponse(error.body, error.status, error.headers)


async def _answer_unknown_path(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        _unexpected(error)
    if error.status_code != 404:  # noqa: PLR2004
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    return JSONResponse({"error": "InvalidEndpoint", "description": "Not found"}, 404)


async def _answer_bad_parameter(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        _unexpected(error)
    faulty = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors())
    status = 422 if request.url.path.startswith(CONTROL_PREFIX) else 400
    return JSONResponse({"error": "InvalidValue", "description": f"Invalid value for {faulty}"}, status)


def _unexpected(error: Exception) -> NoReturn:
    raise error

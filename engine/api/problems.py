"""Errors as problem details (RFC 9457): the same sentence, path and hint that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from engine.errors import ERROR_CODES, EngineError

MEDIA_TYPE = "application/problem+json"
TECHNICAL_HEADER = "convoke-technical"
"""The request header with which a token of the scope ``members`` asks for original texts of errors."""
_STATUS: Mapping[str, int] = {
    "not_found": 404,
    "refused": 409,
    "check_failed": 409,
    "cycle": 409,
    "duplicate_id": 409,
    "no_connection": 409,
    "no_model": 409,
    "changed": 409,
    "missing_part": 409,
    "locked": 503,
    "cancelled": 504,
}
_TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    413: "Too large",
    422: "Bad input",
    429: "Too many requests",
    500: "Unexpected",
    503: "Not now",
    504: "Took too long",
}


def status_of(code: str) -> int:
    """The HTTP status of an error code: bad input 422, what the engine or a peer failed at 503."""
    return _STATUS.get(code, {2: 422, 1: 409}.get(ERROR_CODES[code][0], 503))


def problem(
    status: int,
    code: str,
    message: str,
    path: str | None = None,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
    also: Mapping[str, str | None] | None = None,
) -> JSONResponse:
    """A problem; ``code`` is one of the README's error codes or says what HTTP was used wrongly for."""
    body: dict[str, Any] = {
        "type": f"urn:convoke:error:{code}",
        "title": _TITLES.get(status, "Problem"),
        "status": status,
        "detail": message if hint is None else f"{message}. {hint}",
        "error": {"code": code, "message": message, "path": path, "hint": hint, **(also or {})},
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: EngineError, *, technical: bool = False) -> JSONResponse:
    """An engine's error; with ``technical`` also the rows to blame and the original text, which may hold data: only
    for a token that may see members, and only when it asked."""
    status = status_of(error.code)
    headers = {"Retry-After": "10"} if status == 503 else {}
    also = {"place": error.place, "technical": error.technical} if technical else {}
    return problem(status, error.code, error.message, error.path, error.hint, headers, also)

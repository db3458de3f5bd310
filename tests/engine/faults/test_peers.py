"""What servers, parsers and peers raise becomes a known cause; the rows that they echo stay out of it."""

from __future__ import annotations

from typing import Any

import asyncssh
import httpx2
import lmdb
import psycopg
import pyarrow as pa
import pymysql
import pytest
from google.api_core import exceptions
from obstore import exceptions as stores

from engine.destinations.admanager import _in_our_words as from_admanager
from engine.destinations.admanager import _reason
from engine.destinations.google import _reasons
from engine.destinations.meta import _in_our_words as from_meta
from engine.faults.telling import cause_of

google: Any = exceptions
ECHO = "row zqx with 735100007"
CASES: list[tuple[BaseException, str]] = [
    (psycopg.errors.UniqueViolation(ECHO), "duplicate"),
    (psycopg.errors.NotNullViolation(ECHO), "missing_value"),
    (psycopg.errors.ForeignKeyViolation(ECHO), "constraint"),
    (psycopg.errors.InvalidTextRepresentation(ECHO), "cast"),
    (psycopg.errors.NumericValueOutOfRange(ECHO), "range"),
    (psycopg.errors.DivisionByZero(ECHO), "division"),
    (psycopg.errors.InvalidDatetimeFormat(ECHO), "time"),
    (psycopg.errors.InvalidRegularExpression(ECHO), "regex"),
    (psycopg.errors.UndefinedTable(ECHO), "table"),
    (psycopg.errors.UndefinedColumn(ECHO), "column"),
    (psycopg.errors.InsufficientPrivilege(ECHO), "rights"),
    (psycopg.errors.InvalidPassword(ECHO), "sign_in"),
    (psycopg.errors.SyntaxError(ECHO), "syntax"),
    (psycopg.errors.DiskFull(ECHO), "disk"),
    (psycopg.errors.QueryCanceled(ECHO), "interrupted"),
    (psycopg.errors.RaiseException(ECHO), "unknown"),
    (psycopg.OperationalError(f"connection failed: {ECHO}"), "connection"),
    (psycopg.OperationalError(f'password authentication failed for user "{ECHO}"'), "sign_in"),
    (pymysql.err.IntegrityError(1062, f"Duplicate entry '{ECHO}' for key"), "duplicate"),
    (pymysql.err.DataError(1406, ECHO), "too_long"),
    (pymysql.err.DataError(1264, ECHO), "range"),
    (pymysql.err.DataError(1366, ECHO), "cast"),
    (pymysql.err.DataError(1292, ECHO), "time"),
    (pymysql.err.OperationalError(1045, ECHO), "sign_in"),
    (pymysql.err.OperationalError(2013, ECHO), "connection"),
    (pymysql.err.ProgrammingError(1146, ECHO), "table"),
    (pymysql.err.ProgrammingError(1064, ECHO), "syntax"),
    (pymysql.err.DataError(9999, ECHO), "value"),
    (asyncssh.SFTPNoSuchFile(ECHO), "no_file"),
    (asyncssh.SFTPPermissionDenied(ECHO), "permission"),
    (asyncssh.SFTPFailure(ECHO), "files"),
    (asyncssh.PermissionDenied(ECHO), "sign_in"),
    (asyncssh.ConnectionLost(ECHO), "connection"),
    (httpx2.ConnectError(ECHO), "connection"),
    (httpx2.ReadTimeout(ECHO), "timeout"),
    (stores.GenericError(ECHO), "connection"),
    (stores.PermissionDeniedError(ECHO), "sign_in"),
    (google.InvalidArgument(ECHO), "rejected"),
    (google.ResourceExhausted(ECHO), "limit"),
    (google.ServiceUnavailable(ECHO), "connection"),
    (pa.ArrowInvalid(ECHO), "cast"),
    (pa.ArrowTypeError(ECHO), "types"),
    (lmdb.MapFullError(ECHO), "disk"),
    (UnicodeDecodeError("utf-8", ECHO.encode(), 0, 1, ECHO), "text"),
    (OverflowError(ECHO), "overflow"),
    (TimeoutError(ECHO), "timeout"),
    (PermissionError(13, ECHO), "permission"),
    (OSError(28, ECHO), "disk"),
    (RuntimeError(ECHO), "unknown"),
]


@pytest.mark.parametrize(
    ("error", "kind"), CASES, ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else one
)
def test_a_peer_is_told_by_its_cause(error: BaseException, kind: str) -> None:
    found = cause_of(error)
    assert found.kind == kind
    assert "zqx" not in f"{found.words} {found.hint}"
    assert "7351" not in f"{found.words} {found.hint}"


def test_vendors_are_told_by_their_codes() -> None:
    meta = from_meta(400, {"code": 100, "error_subcode": 33, "message": ECHO, "error_user_msg": ECHO}, None)
    assert str(meta) == "Meta answers 400: a parameter is invalid (error 100.33)"
    assert "zqx" not in str(from_meta(400, {"code": ECHO, "message": ECHO}, None))
    assert str(from_admanager(["QuotaError.EXCEEDED_QUOTA"])) == "Ad Manager answers: QuotaError.EXCEEDED_QUOTA"
    assert "zqx" not in str(from_admanager([ECHO]))
    assert "zqx" not in _reason({"errorString": ECHO})
    assert _reasons(google.InvalidArgument(ECHO)) == ""

"""Exceptions of operating systems, database servers, parsers and network peers, as causes.

No library is imported here: an exception is known by the names of its classes, its number or its SQLSTATE.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping

from engine.faults import causes
from engine.faults.causes import Cause

_ERRNO: Mapping[int, Cause] = {
    errno.ENOSPC: causes.DISK,
    errno.EDQUOT: causes.DISK,
    errno.EFBIG: causes.DISK,
    errno.EACCES: causes.PERMISSION,
    errno.EPERM: causes.PERMISSION,
    errno.EROFS: causes.READ_ONLY,
    errno.ENOENT: causes.NO_FILE,
    errno.ENOTDIR: causes.NO_FILE,
    errno.EMFILE: causes.MANY_FILES,
    errno.ENFILE: causes.MANY_FILES,
    errno.ENAMETOOLONG: causes.LONG_NAME,
    errno.ENOMEM: causes.MEMORY,
    errno.EBUSY: causes.BUSY,
    errno.EAGAIN: causes.BUSY,
    errno.ETIMEDOUT: causes.TIMEOUT,
    errno.ECONNREFUSED: causes.CONNECTION,
    errno.ECONNRESET: causes.CONNECTION,
    errno.ECONNABORTED: causes.CONNECTION,
    errno.EPIPE: causes.CONNECTION,
    errno.EHOSTUNREACH: causes.CONNECTION,
    errno.ENETUNREACH: causes.CONNECTION,
    errno.EADDRINUSE: causes.BUSY,
    errno.EADDRNOTAVAIL: causes.CONNECTION,
}
_SQLSTATE: tuple[tuple[str, Cause], ...] = (
    ("23505", causes.DUPLICATE),
    ("23502", causes.MISSING_VALUE),
    ("23", causes.CONSTRAINT),
    ("22012", causes.DIVISION),
    ("22003", causes.RANGE),
    ("22001", causes.TOO_LONG),
    ("22007", causes.TIME),
    ("22008", causes.TIME),
    ("22P02", causes.CAST),
    ("22021", causes.TEXT),
    ("22P05", causes.TEXT),
    ("22032", causes.JSON),
    ("2203", causes.JSON),
    ("2201B", causes.REGEX),
    ("21000", causes.MANY_ROWS),
    ("22", causes.VALUE),
    ("28", causes.SIGN_IN),
    ("3D", causes.DATABASE),
    ("3F", causes.DATABASE),
    ("42501", causes.RIGHTS),
    ("42P01", causes.TABLE),
    ("42703", causes.COLUMN),
    ("42883", causes.FUNCTION),
    ("42803", causes.GROUPING),
    ("42702", causes.AMBIGUOUS),
    ("42601", causes.SYNTAX),
    ("42", causes.QUERY),
    ("25006", causes.FORBIDDEN),
    ("0A", causes.UNSUPPORTED),
    ("53100", causes.DISK),
    ("53200", causes.MEMORY),
    ("53", causes.LIMIT),
    ("54", causes.LIMIT),
    ("55P03", causes.BUSY),
    ("57014", causes.INTERRUPTED),
    ("57", causes.CONNECTION),
    ("08", causes.CONNECTION),
    ("40", causes.CHANGED),
    ("58", causes.FILES),
)
_MYSQL: Mapping[int, Cause] = (
    dict.fromkeys((1062, 1586, 1022), causes.DUPLICATE)
    | dict.fromkeys((1048, 1364), causes.MISSING_VALUE)
    | dict.fromkeys((1452, 1451, 3819, 4025), causes.CONSTRAINT)
    | dict.fromkeys((1264, 1690, 1416), causes.RANGE)
    | dict.fromkeys((1366, 1265, 1411), causes.CAST)
    | dict.fromkeys((1292, 1525), causes.TIME)
    | dict.fromkeys((1406,), causes.TOO_LONG)
    | dict.fromkeys((1365,), causes.DIVISION)
    | dict.fromkeys((3140, 3141, 3143, 4038), causes.JSON)
    | dict.fromkeys((1139, 3691, 3692), causes.REGEX)
    | dict.fromkeys((1242,), causes.MANY_ROWS)
    | dict.fromkeys((1045, 1698, 1044, 3118, 4151), causes.SIGN_IN)
    | dict.fromkeys((1142, 1143, 1227, 1370), causes.RIGHTS)
    | dict.fromkeys((1049,), causes.DATABASE)
    | dict.fromkeys((1146, 1051), causes.TABLE)
    | dict.fromkeys((1054, 1101, 1060), causes.COLUMN)
    | dict.fromkeys((1305, 1630), causes.FUNCTION)
    | dict.fromkeys((1064, 1149), causes.SYNTAX)
    | dict.fromkeys((1055, 1140), causes.GROUPING)
    | dict.fromkeys((1052,), causes.AMBIGUOUS)
    | dict.fromkeys((1792, 1290, 1836), causes.FORBIDDEN)
    | dict.fromkeys((1021, 1114), causes.DISK)
    | dict.fromkeys((1037, 1038, 1041), causes.MEMORY)
    | dict.fromkeys((1205, 1213), causes.BUSY)
    | dict.fromkeys((1317, 3024, 1969), causes.INTERRUPTED)
    | dict.fromkeys((1040, 1203, 1226), causes.LIMIT)
    | dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2055, 1053, 1159, 1161), causes.CONNECTION)
)
_BY_NAME: Mapping[str, Cause] = (
    # httpx
    dict.fromkeys(("ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "TimeoutException"), causes.TIMEOUT)
    | dict.fromkeys(("SSLCertVerificationError",), causes.CERTIFICATE)
    | dict.fromkeys(("HTTPError", "TransportError", "ConnectionError", "GoogleAPICallError"), causes.CONNECTION)
    # asyncssh
    | dict.fromkeys(("asyncssh.PermissionDenied", "KeyImportError", "KeyEncryptionError"), causes.SIGN_IN)
    | dict.fromkeys(("SFTPNoSpaceOnFilesystem", "SFTPQuotaExceeded"), causes.DISK)
    | dict.fromkeys(("SFTPPermissionDenied", "SFTPWriteProtect"), causes.PERMISSION)
    | dict.fromkeys(("SFTPNoSuchFile", "SFTPNotADirectory", "SFTPNoSuchPath", "SFTPInvalidFilename"), causes.NO_FILE)
    | dict.fromkeys(("SFTPError",), causes.FILES)
    | dict.fromkeys(("DisconnectError", "ChannelOpenError"), causes.CONNECTION)
    # object stores
    | dict.fromkeys(("UnauthenticatedError", "PermissionDeniedError"), causes.SIGN_IN)
    | dict.fromkeys(("NotFoundError",), causes.NO_FILE)
    | dict.fromkeys(("InvalidPathError", "UnknownConfigurationKeyError"), causes.SETTINGS)
    | dict.fromkeys(("BaseError",), causes.CONNECTION)
    # Google
    | dict.fromkeys(("Unauthenticated", "Unauthorized", "GoogleAuthError", "RefreshError"), causes.SIGN_IN)
    | dict.fromkeys(("PermissionDenied", "Forbidden"), causes.RIGHTS)
    | dict.fromkeys(("ResourceExhausted", "TooManyRequests"), causes.LIMIT)
    | dict.fromkeys(("DeadlineExceeded", "GatewayTimeout", "RetryError"), causes.TIMEOUT)
    | dict.fromkeys(("InvalidArgument", "OutOfRange", "BadRequest"), causes.REJECTED)
    | dict.fromkeys(("ClientError", "FailedPrecondition"), causes.SETTINGS)
    # Arrow and pandas
    | dict.fromkeys(("ArrowTypeError", "ArrowNotImplementedError"), causes.TYPES)
    | dict.fromkeys(("ArrowMemoryError", "MemoryError"), causes.MEMORY)
    | dict.fromkeys(("ArrowCapacityError",), causes.TOO_LONG)
    | dict.fromkeys(("ArrowInvalid", "ArrowSerializationError"), causes.CAST)
    | dict.fromkeys(("ArrowCancelled",), causes.INTERRUPTED)
    | dict.fromkeys(("FlightTimedOutError",), causes.TIMEOUT)
    | dict.fromkeys(("FlightUnavailableError",), causes.CONNECTION)
    | dict.fromkeys(("FlightUnauthenticatedError", "FlightUnauthorizedError"), causes.SIGN_IN)
    | dict.fromkeys(("OutOfBoundsDatetime", "OutOfBoundsTimedelta", "DateParseError"), causes.TIME)
    | dict.fromkeys(("ParserError", "EmptyDataError"), causes.DAMAGED)
    # Python's own
    | dict.fromkeys(("UnicodeError",), causes.TEXT)
    | dict.fromkeys(("JSONDecodeError",), causes.JSON)
    | dict.fromkeys(("ZeroDivisionError",), causes.DIVISION)
    | dict.fromkeys(("OverflowError",), causes.OVERFLOW)
    | dict.fromkeys(("BadZipFile", "BadGzipFile", "zlib.error", "LZMAError"), causes.DAMAGED)
    | dict.fromkeys(("TimeoutError",), causes.TIMEOUT)
    | dict.fromkeys(("CertificateError", "SSLError"), causes.CERTIFICATE)
)
_NOT_LET_IN: tuple[tuple[str, Cause], ...] = (
    ("authentication failed", causes.SIGN_IN),
    ("not permitted to log in", causes.SIGN_IN),
    ("no pg_hba.conf entry", causes.SIGN_IN),
    ("no password supplied", causes.SIGN_IN),
    ("certificate verify failed", causes.CERTIFICATE),
    ("timeout expired", causes.TIMEOUT),
    ("too many clients", causes.LIMIT),
    ("does not exist", causes.DATABASE),
)
"""Marks in the text of a PostgreSQL connection that failed, which comes without a SQLSTATE."""
_APSW = {
    "FullError": causes.DISK,
    "ReadOnlyError": causes.READ_ONLY,
    "BusyError": causes.BUSY,
    "LockedError": causes.BUSY,
    "CorruptError": causes.DAMAGED,
    "NotADBError": causes.DAMAGED,
    "PermissionsError": causes.PERMISSION,
    "CantOpenError": causes.FILES,
    "IOError": causes.FILES,
    "NoMemError": causes.MEMORY,
    "ConstraintError": causes.CONSTRAINT,
    "InterruptError": causes.INTERRUPTED,
}
_LMDB = {
    "MapFullError": causes.DISK,
    "DiskError": causes.DISK,
    "CorruptedError": causes.DAMAGED,
    "InvalidError": causes.DAMAGED,
    "VersionMismatchError": causes.DAMAGED,
    "ReadonlyError": causes.READ_ONLY,
    "LockError": causes.BUSY,
}


def cause_in_system(error: OSError) -> Cause:
    """The cause of an exception of the operating system, by its number."""
    return _ERRNO.get(error.errno or 0) or _by_name(error) or causes.FILES


def cause_in_postgres(error: Exception) -> Cause:
    """The cause of an exception of psycopg, by its SQLSTATE; of a connection that failed by fixed marks."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state:
        return next((cause for begin, cause in _SQLSTATE if state.startswith(begin)), Cause.unknown(error))
    text = str(error)
    if type(error).__name__ in ("OperationalError", "ConnectionTimeout", "InterfaceError"):
        return next((cause for mark, cause in _NOT_LET_IN if mark in text), causes.CONNECTION)
    return causes.QUERY if type(error).__name__ == "ProgrammingError" else Cause.unknown(error)


def cause_in_mysql(error: Exception) -> Cause:
    """The cause of an exception of PyMySQL, by its number."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if number in _MYSQL:
        return _MYSQL[number]
    if isinstance(error, OSError):
        return cause_in_system(error)
    kind = type(error).__name__
    if kind in ("OperationalError", "InterfaceError", "InternalError"):
        return causes.CONNECTION
    return causes.VALUE if kind == "DataError" else causes.QUERY


def cause_in_others(error: BaseException) -> Cause:
    """The cause of any other exception, by the names of its classes."""
    return _by_name(error) or Cause.unknown(error)


def cause_in_store(error: Exception) -> Cause:
    """The cause of an exception of SQLite or LMDB."""
    kind = type(error).__name__
    return _APSW.get(kind) or _LMDB.get(kind) or Cause.unknown(error)


def _by_name(error: BaseException) -> Cause | None:
    for one in type(error).__mro__:
        library = one.__module__.split(".")[0]
        found = _BY_NAME.get(f"{library}.{one.__name__}") or _BY_NAME.get(one.__name__)
        if found is not None:
            return found
    return None


READERS: Mapping[str, Callable[[Exception], Cause]] = {
    "psycopg": cause_in_postgres,
    "pymysql": cause_in_mysql,
    "apsw": cause_in_store,
    "lmdb": cause_in_store,
}
"""By the library's name."""

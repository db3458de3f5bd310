"""The causes that Convoke knows, each with the one sentence that people read.

An exception of DuckDB, a database server, a parser or a peer quotes the very value it stumbled over. Its text is
therefore never shown: it decides which cause is meant, and may contribute names that are known from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

DEBUG_VARIABLE = "CONVOKE_DEBUG"
"""The environment variable with which the command line prints the original text to a terminal."""


@dataclass(frozen=True)
class Cause:
    """Why something failed: a short ``kind`` for code, ``words`` for people, and what they can do (``hint``).

    ``of_data`` is True where rows are to blame, so that a correction of the data or of the query helps.
    """

    kind: str
    words: str
    hint: str | None = None
    of_data: bool = False

    @classmethod
    def unknown(cls, error: BaseException) -> Cause:
        """A cause that is not in the list, by the kind of the exception alone."""
        return cls(
            "unknown",
            f"an error of the kind {type(error).__name__}",
            f"To see the original text, run the command in a terminal with {DEBUG_VARIABLE}=1.",
        )

    def about_column(self, column: str, table: str | None = None, sql_type: str | None = None) -> Cause:
        """The same cause, with the column (and its table and wanted type) that a check has found."""
        where = f'the column "{column}"' if table is None else f'the column "{column}" of "{table}"'
        wanted = sql_type or "the wanted type"
        return Cause(self.kind, f"{where} holds values that cannot be converted to {wanted}", self.hint, True)


_CHECK = "Run convoke model check."
_SQL = "Correct the SQL there."
_AGAIN = "Try again."

CAST = Cause("cast", "a value cannot be converted to the type that is wanted", _CHECK, True)
RANGE = Cause("range", "a number is too large for its type", _CHECK, True)
OVERFLOW = Cause("overflow", "a calculation gives a number that is too large for its type", _CHECK, True)
DIVISION = Cause("division", "a number is divided by zero", "Divide by nullif(…, 0).", True)
DOMAIN = Cause("domain", "a logarithm or a root is taken of a number that has none", _SQL, True)
DECIMAL = Cause("decimal", "a number has more digits than its decimal type allows", _CHECK, True)
TIME = Cause("time", "a date or a time is malformed or out of range", _CHECK, True)
TIME_FORMAT = Cause("time_format", "a date or a time does not match its format", _SQL, True)
TIME_PART = Cause("time_part", "the query asks for a part of a date that does not exist", _SQL, True)
ZONE = Cause("zone", "a time zone is not known", "Write one such as America/Sao_Paulo.", True)
JSON = Cause("json", "a text is not valid JSON", _CHECK, True)
JSON_PATH = Cause("json_path", "a JSON path is not valid", _SQL, True)
REGEX = Cause("regex", "a regular expression is not valid", "Use RE2 syntax.", True)
TEXT = Cause("text", "a text is not valid UTF-8", "Save it as UTF-8.", True)
ENCODED = Cause("encoded", "a text is not valid in its encoding (hexadecimal, Base64 or bits)", _CHECK, True)
TOO_LONG = Cause("too_long", "a text or a list would become too large", _SQL, True)
MANY_ROWS = Cause("many_rows", "a subquery gives more than one row", _SQL, True)
VALUE = Cause("value", "a value cannot be used there", _CHECK, True)
DUPLICATE = Cause("duplicate", "two rows have the same key", "Make the keys unique.", True)
MISSING_VALUE = Cause("missing_value", "a value that is required is missing", "Fill it in, or leave the row out.", True)
CONSTRAINT = Cause("constraint", "a row breaks a constraint of the table", "Compare the rows with the table.", True)
TYPES = Cause("types", "the rows do not all have the same types", "Give each column one type.", True)


SYNTAX = Cause("syntax", "the SQL is malformed", _SQL)
TABLE = Cause("table", "a table does not exist", _SQL)
COLUMN = Cause("column", "a column does not exist", _SQL)
FUNCTION = Cause("function", "a function is not known", _SQL)
ARGUMENTS = Cause("arguments", "a function or an operator does not take values of these types", _SQL)
GROUPING = Cause("grouping", "a column is neither grouped nor aggregated", _SQL)
AMBIGUOUS = Cause("ambiguous", "a column is in several tables", "Write the table before its name.")
TYPE = Cause("type", "a type is not known", _SQL)
QUERY = Cause("query", "the query does not fit the tables", _SQL)
UNSUPPORTED = Cause("unsupported", "the query uses a feature that is not supported", _SQL)
FORBIDDEN = Cause("forbidden", "the query asks for a function or a setting that is switched off", _SQL)

MEMORY = Cause("memory", "there is too little memory", "Narrow the query, or raise memory.")
DISK = Cause("disk", "the disk is full", "Make room, then try again.")
PERMISSION = Cause("permission", "the required permission is missing", "Check the permissions.")
READ_ONLY = Cause("read_only", "the place is read-only", "Choose a place that can be written to.")
NO_FILE = Cause("no_file", "a file does not exist", "Check the path.")
MANY_FILES = Cause("many_files", "too many files are open", "Raise the limit of open files (ulimit -n).")
LONG_NAME = Cause("long_name", "the path is too long", "Choose a shorter one.")
FILES = Cause("files", "a file cannot be read or written", "Check the path and its permissions.")
DAMAGED = Cause("damaged", "the file is damaged or of another format", "Restore it from a backup, or write it again.")
BUSY = Cause("busy", "another program is using it", "Close that program, or wait until it has finished.")
INTERRUPTED = Cause("interrupted", "the work was interrupted", _AGAIN)
CHANGED = Cause("changed", "the data were changed meanwhile", _AGAIN)

CONNECTION = Cause("connection", "the connection failed or was lost", "Is it running? Check the address.")
TIMEOUT = Cause("timeout", "no answer came in time", "Try again later.")
SIGN_IN = Cause("sign_in", "the sign-in was refused", "Check the user and the password or key.")
RIGHTS = Cause("rights", "the user lacks the rights for that", "Grant them, or name another user.")
DATABASE = Cause("database", "the database does not exist", "Check its name.")
CERTIFICATE = Cause("certificate", "the certificate is not trusted", "Check it, or name its authority with ca.")
SETTINGS = Cause("settings", "a setting is not accepted", "Check the settings.")
LIMIT = Cause("limit", "a limit is reached", "Try again later.")
REJECTED = Cause("rejected", "the rows were rejected", "Compare the rows with the destination.", True)

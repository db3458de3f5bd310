"""SELECTs for databases of other makers: PostgreSQL, MySQL and MariaDB.

Their own parsers are not here, so sqlglot's tree is looked at, and what the two could read differently is refused.
The server does its part (engine/ingest/tables.py): a transaction that only reads, one statement, and a time limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import sqlglot
from sqlglot import exp

from engine.errors import EngineError
from engine.selects.gate import LONGEST
from engine.selects.tree import HINT

Dialect = Literal["postgres", "mysql"]
_PARTS_THAT_ACT: tuple[type[exp.Expr], ...] = (
    exp.DML,
    exp.DDL,
    exp.Into,
    exp.Lock,
    exp.Command,
    exp.Set,
    exp.Use,
    exp.Kill,
    exp.Pragma,
    exp.Describe,
    exp.Parameter,
    exp.Placeholder,
    exp.SessionParameter,
    exp.PropertyEQ,
)
_HARMLESS = frozenset(("pg_typeof", "pg_size_pretty", "pg_column_size"))
_REFUSED: Mapping[Dialect, Mapping[str, str]] = {
    "postgres": {
        "reads or writes files, or tells about the server": (
            r"pg_.*|lo_.*|loread|lowrite|current_setting|set_config|inet_.*|txid_.*|get_raw_page.*|binary_upgrade_.*"
        ),
        "reads another server or runs a program": r"dblink.*|postgres_fdw.*|file_fdw.*|http.*|plpy.*|aws_.*",
        "runs SQL that is hidden in a text": (
            r"(query|table|cursor|schema|database)_to_xml.*|ts_stat|crosstab.*|connectby|xmltable|ts_rewrite"
        ),
        "moves a sequence": r"nextval|currval|setval|lastval",
        "waits": r"sleep.*",
    },
    "mysql": {
        "reads or writes files, or runs a program": r"load_file|sys_.*|lib_mysqludf.*",
        "waits": r"sleep|benchmark|master_.*_wait|source_.*_wait|master_pos_wait|wait_.*",
        "holds or asks for locks": r"get_lock|release_.*|is_(free|used)_lock",
        "raises a text of its own": r"extractvalue|updatexml|name_const",
        "changes the session": r"last_insert_id|nextval|lastval|setval|next_value_for",
    },
}
_SYSTEM_SCHEMAS: Mapping[Dialect, frozenset[str]] = {
    "postgres": frozenset(("information_schema", "pg_catalog")),
    "mysql": frozenset(("information_schema", "mysql", "performance_schema", "sys")),
}
_ODD: Mapping[Dialect, str] = {"postgres": r"[uU]&[\"']|\0", "mysql": r"/\*|--(?!\s)|\0"}
"""What sqlglot and the server read differently. MySQL runs `/*! … */`, and reads `1--1` as a sum."""
_BEGINNING = re.compile(
    r"(\s|\(|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*(select|with|values|table)\b", re.IGNORECASE | re.DOTALL
)


def select(text: str, dialect: Dialect, path: str) -> str:
    """The one SELECT in a text, without a semicolon at its end, to stand in parentheses on lines of its own. Raises
    EngineError("bad_sql") for everything else."""
    if len(text) > LONGEST:
        raise EngineError("bad_sql", f"the SQL is longer than {LONGEST:,} characters", path, "Simplify it.")
    if re.search(_ODD[dialect], text):
        message = "the SQL has names or texts written U&'…'"
        if dialect == "mysql":
            message = "the SQL has comments written /* … */, or -- without a space after it"
        raise EngineError("bad_sql", message, path, "Write it without them.")
    alone = text.strip().rstrip("; \t\r\n")
    tree = _one(alone, dialect, path)
    within = _one(f"SELECT * FROM (\n{alone}\n) AS origin", dialect, path)  # noqa: S608 - only parsed
    inner = within.find(exp.Subquery)
    if inner is None or inner.this != tree:
        raise EngineError("bad_sql", "the SQL cannot be placed within another query", path, HINT)
    _inspect(tree, dialect, path)
    return f"\n{alone}\n"


def _one(text: str, dialect: Dialect, path: str) -> exp.Expr:
    if not _BEGINNING.match(text):
        raise EngineError("bad_sql", "the SQL does more than read", path, HINT)
    try:
        found = [one for one in sqlglot.parse(text, dialect=dialect) if one is not None]
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise EngineError("bad_sql", "the SQL cannot be read", path, HINT) from None
    if len(found) != 1:
        raise EngineError("bad_sql", f"the SQL holds {len(found)} statements, it must be one", path, HINT)
    if not isinstance(found[0], exp.Query):
        raise EngineError("bad_sql", "the SQL does more than read", path, HINT)
    return found[0]


def _inspect(tree: exp.Expr, dialect: Dialect, path: str) -> None:
    for one in tree.walk():
        if isinstance(one, _PARTS_THAT_ACT) and not _is_named_argument(one):
            raise EngineError("bad_sql", "the SQL does more than read", path, HINT)
        if isinstance(one, exp.Table):
            _refuse_system_table(one, dialect, path)
        if isinstance(one, exp.Func):
            names = {one.name.lower()} if isinstance(one, exp.Anonymous | exp.AnonymousAggFunc) else _names(one)
            for name in names - _HARMLESS:
                if any(re.fullmatch(refused, name) for refused in _REFUSED[dialect].values()):
                    message = f"the SQL calls {name}, which is not a function that it may call"
                    raise EngineError("bad_sql", message, path, "Leave it out.")
        if isinstance(one, exp.Column | exp.Table | exp.Dot) and any(
            "(" in part.name for part in one.find_all(exp.Identifier)
        ):
            raise EngineError("bad_sql", "the SQL has a parenthesis in a name", path, HINT)


def _refuse_system_table(table: exp.Table, dialect: Dialect, path: str) -> None:
    """Users, queries of others and settings stand in tables of the system; PostgreSQL finds pg_… without its schema."""
    schema, name = table.db.lower(), table.name.lower()
    if schema in _SYSTEM_SCHEMAS[dialect] or (dialect == "postgres" and not schema and name.startswith("pg_")):
        raise EngineError(
            "bad_sql", f"the SQL reads {schema or name}, which describes the system, not the data", path, HINT
        )


def _names(one: exp.Func) -> set[str]:
    return {name.lower() for name in type(one).sql_names()}


def _is_named_argument(one: exp.Expr) -> bool:
    """`f(name => value)`, which assigns nothing."""
    return isinstance(one, exp.PropertyEQ) and isinstance(one.parent, exp.Func)

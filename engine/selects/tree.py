"""DuckDB's own tree of a SELECT, and whether every part of it may stand in the SQL of other people.

The tree comes from ``json_serialize_sql`` on a connection that is closed to files, networks and settings. Parts are
admitted by name: one that a later version of DuckDB adds is refused until it is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import duckdb

from engine.errors import EngineError
from engine.selects.functions import Place, refused_tables, verdict
from engine.selects.growth import must_be_a_small_array, must_be_short, written_text

Node = Mapping[str, Any]
HINT = "Write one SELECT that only reads."
_VALUES = frozenset(
    (
        *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION"),
        *("LAMBDA", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW"),
    )
)
"""Kinds of values; PARAMETER is admitted where the caller binds the values."""
_PARTS = frozenset(
    (
        *("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "BASE_TABLE", "EMPTY", "JOIN"),
        *("EXPRESSION_LIST", "PIVOT", "SUBQUERY", "TABLE_FUNCTION", "DISTINCT_MODIFIER", "LIMIT_MODIFIER"),
        *("LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "ASCENDING", "DESCENDING", "ORDER_DEFAULT"),
    )
)
_TYPES = frozenset(
    (
        *("ARRAY_TYPE_INFO", "DECIMAL_TYPE_INFO", "ENUM_TYPE_INFO", "GENERIC_TYPE_INFO", "INTEGER_LITERAL_TYPE_INFO"),
        *("LIST_TYPE_INFO", "STRING_TYPE_INFO", "STRUCT_TYPE_INFO", "UNBOUND_TYPE_INFO", "USER_TYPE_INFO"),
    )
)
_SCHEMAS = ("", "main")
_FILE_ENDINGS = (
    *(".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".arrows", ".xlsx", ".avro"),
    *(".gz", ".zst", ".duckdb", ".db", ".ddb", ".sqlite", ".vortex"),
)
CLOCK_FUNCTIONS = frozenset(("now", "today", "get_current_timestamp", "transaction_timestamp"))
CLOCK_WORDS = frozenset(("current_date", "current_timestamp"))
_OTHER_CLOCKS = frozenset(("current_time", "localtime", "localtimestamp"))
CALL_BY_NAME = frozenset(("aggregate", "array_aggr", "array_aggregate", "list_aggr", "list_aggregate"))
"""Functions over a list that call the aggregate whose name is their second argument."""
_PLACES = re.compile(r'"query_location(?:_length)?": ?\d+,? ?')
"""Within a text in JSON the quotes have a backslash before them."""


class Parser:
    """Reads SQL to trees; it binds and runs nothing that it is given. Safe to use from several threads."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "threads": "1",
            }
        )
        self._connection.execute("SET lock_configuration = true")

    def written(self, text: str, path: str) -> str:
        """The trees of the SELECTs in a text as JSON, without the places in the text; raises EngineError("bad_sql")."""
        return _PLACES.sub("", self._serialized(text, path))

    def _serialized(self, text: str, path: str) -> str:
        try:
            with self._connection.cursor() as cursor:
                ((told,),) = cursor.execute("SELECT json_serialize_sql($1)", [text]).fetchall()
        except (duckdb.Error, UnicodeError, RuntimeError):
            raise EngineError("bad_sql", "the SQL cannot be read", path, HINT) from None
        return str(told)

    def statements(self, text: str, path: str) -> list[Node]:
        """The trees of the SELECTs in a text; raises EngineError("bad_sql") for anything else."""
        try:
            found = json.loads(self._serialized(text, path))
        except (ValueError, RecursionError):
            raise EngineError("bad_sql", "the SQL is nested too deeply", path, "Simplify it.") from None
        if found["error"]:
            if found.get("error_type") == "not implemented":
                raise EngineError("bad_sql", "the SQL does more than read", path, HINT)
            problem = str(found.get("error_message", "")).split("\n")[0]
            raise EngineError("bad_sql", f"the SQL cannot be read: {problem}", path, HINT)
        return [cast(Node, one["node"]) for one in found["statements"]]


@dataclass(frozen=True)
class Clock:
    """A place in the bytes of a text where it reads the clock: where it begins, and the function or word there."""

    place: int
    name: str
    is_function: bool

    @property
    def is_date(self) -> bool:
        """Whether it gives a date; the others give a moment."""
        return self.name in ("today", "current_date")


class Inspector:
    """Walks through a tree and raises EngineError("bad_sql") for the first part that may not be there; ``clocks`` are
    the places that look at the clock."""

    def __init__(self, path: str, *, parameters: bool) -> None:
        self._path, self._parameters = path, parameters
        self.clocks: list[Clock] = []

    def inspect(self, tree: Node) -> None:
        """Look at every part, from the outside to the inside."""
        waiting: list[Any] = [tree]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                self._part(one)
                waiting.extend(reversed(_children(one)))
            elif isinstance(one, list):
                waiting.extend(reversed(one))

    def fail(self, message: str, hint: str = HINT) -> EngineError:
        """What is wrong, at the path of the text."""
        return EngineError("bad_sql", message, self._path, hint)

    def _part(self, node: Node) -> None:
        kind, name = node.get("class"), node.get("type")
        if isinstance(kind, str):
            self._value(kind, node)
        elif isinstance(name, str):
            self._piece(name, node)
        if node.get("sample") is not None:
            raise self.fail(
                "the SQL takes a sample, which differs each time", "Use the rule's sample, which stays the same."
            )

    # -- values ----------------------------------------------------------------------------------------------------

    def _value(self, kind: str, node: Node) -> None:
        if kind not in _VALUES:
            raise self.fail("the SQL does more than read")
        match kind:
            case "PARAMETER" if not self._parameters:
                raise self.fail("the SQL has parameters", "Write the values into it.")
            case "FUNCTION" | "WINDOW":
                self._function(node, "scalar")
            case "COLUMN_REF":
                self._column(node)
            case "TYPE":
                self._type(node)

    def _function(self, node: Node, place: Place) -> None:
        name = str(node.get("function_name", "")).lower()
        found = verdict(name, place)
        if not found.allowed:
            message = f"the SQL calls {name}, which is not a function that it may call"
            advice = "Leave it out." if found.listed else "Functions of your own go into a view of the warehouse."
            raise self.fail(message, advice)
        if place == "scalar":
            must_be_short(name, arguments(node), self._path)
        if name in CALL_BY_NAME and len(arguments(node)) > 1:
            self._named_aggregate(name, arguments(node)[1])
        if name == "age" and len(arguments(node)) == 1:
            raise self.fail("age of one time reads the clock", "Write age(now(), …).")
        if name in CLOCK_FUNCTIONS:
            self.clocks.append(Clock(int(node["query_location"]), name, is_function=True))

    def _named_aggregate(self, name: str, node: Node) -> None:
        called = written_text(node)
        if called is None:
            raise self.fail(
                f"the SQL calls {name} with an aggregate that is not written out",
                "Write the aggregate's name as a text.",
            )
        if not verdict(called, "scalar").allowed:
            message = f"the SQL calls {called}, which is not a function that it may call"
            raise self.fail(message, "Leave it out.")

    def _column(self, node: Node) -> None:
        names = [str(one).lower() for one in node.get("column_names", ())]
        if len(names) != 1:
            return
        if names[0] in _OTHER_CLOCKS:
            raise self.fail(f"the SQL reads the clock by {names[0]}", "Write now() or current_date.")
        if names[0] in CLOCK_WORDS:
            self.clocks.append(Clock(int(node["query_location"]), names[0], is_function=False))

    def _type(self, node: Node) -> None:
        if str(node.get("catalog", "")) or str(node.get("schema", "")).lower() not in _SCHEMAS:
            raise self.fail("the SQL names a type of another schema")
        must_be_a_small_array(node, self._path)

    # -- pieces of a query -----------------------------------------------------------------------------------------

    def _piece(self, name: str, node: Node) -> None:
        match name:
            case "SHOW_REF":
                raise self.fail("the SQL has DESCRIBE, SUMMARIZE or SHOW in it")
            case "BASE_TABLE":
                self._table(node)
            case "TABLE_FUNCTION":
                self._function(node["function"], "table")
            case _ if name.endswith("_TYPE_INFO"):
                if name not in _TYPES:
                    raise self.fail("the SQL does more than read")
                must_be_a_small_array(node, self._path)
            case _ if name not in _PARTS:
                raise self.fail("the SQL does more than read")

    def _table(self, node: Node) -> None:
        names = [str(node.get(key, "")) for key in ("catalog_name", "schema_name", "table_name")]
        refused = refused_tables()
        catalog, schema, table = (one.lower() for one in names)
        in_main = schema in ("", "main", "temp") and catalog in ("", "temp")
        if catalog in refused.catalogs or schema in refused.schemas | refused.catalogs or catalog in refused.schemas:
            raise self.fail(f"the SQL reads {schema or catalog}, which describes the system, not the data")
        if (table in refused.names and in_main) or table.startswith("duckdb_"):
            raise self.fail(f"the SQL reads {table}, which describes the system, not the data")
        if any(_like_a_file(one) for one in names):
            raise self.fail("the SQL reads a file", "Name a table of the warehouse.")
        if node.get("at_clause") is not None:
            raise self.fail("the SQL reads another state of a table (AT)", "Leave AT out.")


def _children(node: Node) -> list[Any]:
    """What is looked at next: of a function in FROM its arguments, for it is no value itself."""
    if node.get("type") != "TABLE_FUNCTION":
        return list(node.values())
    return [*arguments(node["function"]), *(one for key, one in node.items() if key != "function")]


def arguments(node: Node) -> list[Node]:
    """The arguments of a function, as either version of DuckDB writes them."""
    if "arguments" in node:
        return [one["expression"] for one in node["arguments"]]
    return list(node.get("children") or ())


def tables(tree: Node) -> Iterator[tuple[str, str, str]]:
    """Catalog, schema and name of every table that a tree names."""
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("type") == "BASE_TABLE":
                yield str(one["catalog_name"]), str(one["schema_name"]), str(one["table_name"])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _like_a_file(name: str) -> bool:
    lower = name.lower()
    return any(one in name for one in "/\\:*?\0") or lower.endswith(_FILE_ENDINGS)

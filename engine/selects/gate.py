"""The gate: the one way by which SQL that other people wrote comes to a database.

DuckDB's own parser reads it, so that no two readers can differ about it. It is one SELECT; every function, table and
other part of it is on a list of what may be there. It then goes on as it was written, in parentheses, after the parser
has found the same tree within them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from engine.errors import EngineError
from engine.selects.growth import must_not_multiply
from engine.selects.tree import CLOCK_FUNCTIONS, CLOCK_WORDS, HINT, Clock, Inspector, Node, Parser, tables

LONGEST = 1_000_000
"""Characters of a text; generated SQL over thousands of conditions is shorter."""
_MOST_ENDS = 50
_WITHIN = "SELECT * FROM (\n{}\n) AS convoke_within"


@dataclass(frozen=True)
class Admitted:
    """One SELECT that may run. ``text`` is it without what may follow a statement; ``clocks`` are the places where it
    reads the clock."""

    text: str
    tree: Node
    clocks: tuple[Clock, ...]

    @property
    def looks_at_clock(self) -> bool:
        """Whether the same data could give another answer at another time."""
        return bool(self.clocks)

    @property
    def nested(self) -> str:
        """The text as it stands between parentheses."""
        return _on_its_own(self.text)

    def tables(self) -> Iterator[tuple[str, str, str]]:
        """Catalog, schema and name of every table it names."""
        return tables(self.tree)


@lru_cache(maxsize=512)
def admitted(text: str, path: str) -> Admitted:
    """The SELECT in a text; raises EngineError("bad_sql") for everything else."""
    found = passed(text, path, parameters=False)
    return Admitted(_without_end(text, path), found.tree, found.clocks)


def passed(text: str, path: str, *, parameters: bool = True) -> Admitted:
    """A SELECT that runs by itself, in no other one, and may have places for values that its caller binds; it is not
    remembered, for there are many and long ones. Raises EngineError("bad_sql") for everything else."""
    if len(text) > LONGEST:
        raise EngineError("bad_sql", f"the SQL is longer than {LONGEST:,} characters", path, "Simplify it.")
    found = _parser().statements(text, path)
    if len(found) != 1:
        raise EngineError("bad_sql", f"the SQL holds {len(found)} statements, it must be one", path, HINT)
    inspector = Inspector(path, parameters=parameters)
    inspector.inspect(found[0])
    must_not_multiply(found[0], path)
    return Admitted(text, found[0], tuple(inspector.clocks))


@lru_cache(maxsize=1024)
def condition(text: str, path: str) -> str:
    """A condition over a table, as in a WHERE clause, to stand in parentheses; raises EngineError("bad_sql")."""
    alone, within = f"SELECT 1 WHERE {text}\n", f"SELECT 1 WHERE (\n{text}\n)"
    found, parser = admitted(alone, path), _parser()
    if not _is_bare_condition(found.tree) or parser.written(alone, path) != parser.written(within, path):
        raise EngineError("bad_sql", "the where is not one condition", path, "Write it as in a WHERE clause.")
    if found.looks_at_clock:
        hint = "Compare with the moment in the rule, by within."
        raise EngineError("bad_sql", "the where reads the clock", path, hint)
    return _on_its_own(text)


def as_of(found: Admitted, moment: datetime, path: str) -> Admitted:
    """The same SELECT, in which the clock shows a moment; raises EngineError("bad_sql") where that cannot be done."""
    if not found.clocks:
        return found
    line, after = found.text.encode(), len(found.text.encode())
    at = moment.isoformat(sep=" ", timespec="microseconds")
    for one in sorted(found.clocks, key=lambda clock: -clock.place):
        pattern = rf"{one.name}\s*\(\s*\)" if one.is_function else one.name
        there = re.compile(pattern.encode(), re.IGNORECASE).match(line, one.place, after)
        if there is None:
            hint = "Write it as now() or current_date, without a comment in it."
            raise EngineError(
                "bad_sql", f"the SQL reads the clock by {one.name} in a way that is not supported", path, hint
            )
        kind = "DATE" if one.is_date else "TIMESTAMPTZ"
        value = at[:10] if one.is_date else at
        line = b"".join((line[: one.place], f"CAST('{value}' AS {kind})".encode(), line[there.end() :]))
    changed = line.decode()
    again = admitted(changed, path)
    if again.clocks or _clock_free(found.tree) != _clock_free(again.tree):
        raise EngineError(
            "bad_sql", "the SQL reads the clock in a way that is not supported", path, "Write it as now()."
        )
    return again


# -- how a text goes on ------------------------------------------------------------------------------------------------


def _on_its_own(text: str) -> str:
    """The text on lines of its own where a comment may be at its end."""
    return f"\n{text}\n" if "--" in text else text


def _without_end(text: str, path: str) -> str:
    """The text without the semicolons after it, which gives the same tree between parentheses."""
    parser = _parser()
    before, after = parser.written(_WITHIN.format("SELECT 42"), path).split(_node(parser.written("SELECT 42", path)))
    wanted = before + _node(parser.written(text, path)) + after
    for one in _shorter(text):
        if parser.written(_WITHIN.format(one), path) == wanted:
            return one
    raise EngineError("bad_sql", "the SQL cannot be placed within another query", path, HINT)


def _node(written: str) -> str:
    """The tree of the one statement there is, as JSON."""
    return written.removeprefix('{"error":false,"statements":[{"node":').removesuffix(',"named_param_map":[]}]}')


def _shorter(text: str) -> Iterator[str]:
    stripped = text.strip()
    yield stripped
    if ";" not in stripped:
        return
    yield stripped.rstrip("; \t\r\n")
    yield stripped.lstrip("; \t\r\n").rstrip("; \t\r\n")
    place, left = len(stripped), _MOST_ENDS
    while (place := stripped.rfind(";", 0, place)) >= 0 and left:
        left -= 1
        yield stripped[:place].strip().lstrip("; \t\r\n")


def _is_bare_condition(tree: Node) -> bool:
    """Whether a SELECT is nothing but a condition."""
    used = {
        key
        for key in ("group_expressions", "group_sets", "having", "qualify", "modifiers", "sample")
        if tree.get(key) not in (None, [], {})
    }
    alone = tree.get("type") == "SELECT_NODE" and tree.get("from_table", {}).get("type") == "EMPTY"
    return alone and not used and tree.get("where_clause") is not None and not _has_ctes(tree)


def _has_ctes(tree: Mapping[str, Any]) -> bool:
    return bool((tree.get("cte_map") or {}).get("map"))


def _clock_free(value: Any) -> Any:
    """A tree in which all that shows the time, and all moments that are written out, are one."""
    if isinstance(value, dict):
        name = str(value.get("function_name") or (value.get("column_names") or [""])[0]).lower()
        if value.get("class") in ("FUNCTION", "COLUMN_REF") and _is_clock(value, name):
            return "clock"
        if value.get("class") == "CAST" and _is_written_moment(value):
            return "clock"
        return {key: _clock_free(one) for key, one in value.items() if not key.startswith("query_location")}
    return [_clock_free(one) for one in value] if isinstance(value, list) else value


def _is_clock(value: Mapping[str, Any], name: str) -> bool:
    if value["class"] == "FUNCTION":
        return name in CLOCK_FUNCTIONS
    return len(value.get("column_names", ())) == 1 and name in CLOCK_WORDS


def _is_written_moment(value: Mapping[str, Any]) -> bool:
    told = str(value.get("type_expr", value.get("cast_type")))
    kind = value.get("child", {}).get("class")
    return kind == "CONSTANT" and ("TIMESTAMP" in told or "DATE" in told)


@cache
def _parser() -> Parser:
    return Parser()

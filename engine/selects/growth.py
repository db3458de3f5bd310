"""Functions that make long values of short ones: the length is written beside them, and has a limit.

DuckDB does not count the texts that a function makes within its memory limit, so a length that a column says could take
all the memory there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import prod
from typing import Any

from engine.errors import EngineError

LONGEST = 10_000
"""Characters, bits, or elements of a list."""
_LENGTHS = {"repeat": 1, "lpad": 1, "rpad": 1, "array_resize": 1, "list_resize": 1, "bitstring": 1, "bar": 3}
"""Which argument is the length."""
_SERIES = ("range", "generate_series")
_TEMPLATES = ("format", "printf")
_CLOCKS = frozenset(("current_date", "current_timestamp", "now", "today", "get_current_timestamp"))
_UNITS: Mapping[str, float] = {
    "to_milliseconds": 0.001,
    "to_seconds": 1,
    "to_minutes": 60,
    "to_hours": 3_600,
    "to_days": 86_400,
    "to_weeks": 604_800,
    "to_months": 2_419_200,
    "to_quarters": 7_776_000,
    "to_years": 31_536_000,
}
"""Functions that make an interval of a number, and the seconds of one."""


def must_be_short(name: str, arguments: Sequence[Mapping[str, Any]], path: str) -> None:
    """Raise EngineError("bad_sql") where a function would make values that are too long."""
    if name in _LENGTHS:
        place = _LENGTHS[name]
        length = _number(arguments[place]) if len(arguments) > place else 0
        if length is None or length > LONGEST:
            raise _too_long(name, path)
    elif name in _SERIES:
        steps = _steps(arguments)
        if steps is None:
            raise EngineError(
                "bad_sql",
                f"the SQL calls {name} as a value with ends that are not written out",
                path,
                f"Call it in FROM, where its rows take no memory: FROM a, {name}(a.first, a.last).",
            )
        if steps > LONGEST:
            raise _too_long(name, path)
    elif name in _TEMPLATES and arguments and not _is_short_template(arguments[0]):
        raise _too_long(name, path)


def must_be_a_small_array(node: Mapping[str, Any], path: str) -> None:
    """Raise EngineError("bad_sql") for a type whose values all have so many elements that some rows fill the memory."""
    if _elements(node) > LONGEST:
        message = f"the SQL casts to an array of more than {LONGEST:,} elements"
        raise EngineError("bad_sql", message, path, "Use a list, as in INTEGER[].")


def _elements(node: Any) -> int:
    """How many elements an array type has, those of arrays within it counted, as either version of DuckDB writes it."""
    if not isinstance(node, Mapping):
        return 1
    if node.get("type") == "ARRAY_TYPE_INFO":
        return int(node.get("size") or 1) * _elements((node.get("child_type") or {}).get("type_info"))
    if str(node.get("type_name", "")).lower() == "array":
        inside = list(node.get("children") or ())
        sizes = [_number(one) or 1 for one in inside if one.get("class") == "CONSTANT"]
        return prod(sizes) * max((_elements(one) for one in inside if one.get("class") != "CONSTANT"), default=1)
    return 1


def _too_long(name: str, path: str) -> EngineError:
    return EngineError(
        "bad_sql",
        f"the SQL calls {name} with a length that is not a number up to {LONGEST:,}",
        path,
        f"Write the length into it, at most {LONGEST:,}.",
    )


def _steps(arguments: Sequence[Mapping[str, Any]]) -> int | None:
    """How many values a series has; None when its ends are known only to the query."""
    numbers = [_number(one) for one in arguments]
    whole = [one for one in numbers if one is not None]
    if len(whole) == len(numbers):
        first, past = (0, whole[0]) if len(whole) == 1 else (whole[0], whole[1])
        step = whole[2] if len(whole) > 2 else 1
        return abs(past - first) // abs(step) if step else 0
    if len(arguments) != 3:
        return None
    begin, end, seconds = _moment(arguments[0]), _moment(arguments[1]), _seconds(arguments[2])
    return None if begin is None or end is None or not seconds else int(abs(end - begin) // seconds)


def _moment(node: Mapping[str, Any]) -> float | None:
    """A date or time that is written out, or the clock, in seconds since 1970; None for any other value."""
    if node.get("class") == "CAST":
        text = written_text(node.get("child") or {})
        try:
            return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        except ValueError:
            return None
    names = [*node.get("column_names", ()), node.get("function_name", "")]
    is_clock = str(names[0]).lower() in _CLOCKS and len(names) <= 2
    return datetime.now(UTC).timestamp() if is_clock else None


def _seconds(node: Mapping[str, Any]) -> float | None:
    """The length of an interval that is written out, at its shortest; None for any other value."""
    unit = _UNITS.get(str(node.get("function_name", "")).lower())
    inner = _arguments(node)[0] if unit is not None and len(_arguments(node)) == 1 else None
    while (
        inner is not None and inner.get("class") != "CONSTANT"
    ):  # 1.5 writes CAST(trunc(CAST(1 AS DOUBLE)) AS INTEGER)
        inside = [inner["child"]] if inner.get("class") == "CAST" else _arguments(inner)
        inner = inside[0] if len(inside) == 1 and inner.get("function_name", "trunc") == "trunc" else None
    count = None if inner is None else _number(inner)
    return None if count is None or unit is None else abs(count) * unit


def _arguments(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The arguments of a function, as either version of DuckDB writes them."""
    if "arguments" in node:
        return [one["expression"] for one in node["arguments"]]
    return list(node.get("children") or ())


def _number(node: Mapping[str, Any]) -> int | None:
    """The whole number that a value is, as either version of DuckDB writes it; None for any other value."""
    if node.get("class") == "FUNCTION" and node.get("function_name") == "-":
        operands = [one["expression"] for one in node.get("arguments", ())]  # a sign is a part of the number in 1.5
        number = _number(operands[0]) if len(operands) == 1 else None
        return None if number is None else -number
    if node.get("class") != "CONSTANT":
        return None
    told = node.get("literal") or node.get("value") or {}
    if "kind" in told:
        text = str(told["text"]).replace("_", "")
        return int(text) if told["kind"] == "INTEGER" and text.isdecimal() else None
    value = told.get("value")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def written_text(node: Mapping[str, Any]) -> str | None:
    """The text that a value is, as either version of DuckDB writes it; None for any other value."""
    if node.get("class") != "CONSTANT":
        return None
    told = node.get("literal") or node.get("value") or {}
    value = told.get("text") if told.get("kind") == "STRING" else told.get("value")
    return value if isinstance(value, str) else None


def _is_short_template(node: Mapping[str, Any]) -> bool:
    """Whether a template is written out and asks for no wide field."""
    if node.get("class") != "CONSTANT":
        return False
    told = node.get("literal") or node.get("value") or {}
    text = str(told.get("text", told.get("value", "")))
    numbers = "".join(one if one.isdecimal() else " " for one in text).split()
    widths_elsewhere = re.search(r"%[^a-zA-Z%]*\*|\{[^}]*\{", text) is not None
    return not widths_elsewhere and sum(map(int, numbers)) <= LONGEST


# -- values made of values ---------------------------------------------------------------------------------------------

_JOINING = frozenset(
    (
        *(
            "||",
            "concat",
            "concat_ws",
            "array_cat",
            "array_concat",
            "list_cat",
            "list_concat",
            "list_value",
            "list_pack",
        ),
        *("array_value", "struct_pack", "row", "map", "map_from_entries", "map_concat", "array_append", "list_append"),
        *(
            "array_prepend",
            "list_prepend",
            "array_push_back",
            "array_push_front",
            "list_zip",
            "array_zip",
            "list_insert",
        ),
        *("struct_insert", "struct_update", "struct_concat", "json_array", "json_object", "json_merge_patch"),
        *("array_to_string", "format", "printf", "overlay", "insert"),
    )
)
"""Their value is as long as all of their arguments together."""
_LONGER = {
    **dict.fromkeys(("hex", "to_hex", "to_base64", "base64", "to_json", "json_quote", "array_to_json"), 2),
    **dict.fromkeys(("regexp_escape", "row_to_json", "json"), 2),
    **dict.fromkeys(("url_encode", "encode", "nfc_normalize"), 3),
    **dict.fromkeys(("bin", "to_binary"), 8),
}
"""How many times as long as its argument the value of each can be."""
_PAIRING = frozenset(("levenshtein", "editdist3", "damerau_levenshtein", "list_transform", "list_apply", "array_apply"))
_PAIRING_TOO = frozenset(("array_transform", "apply", "list_filter"))
"""Their work is as large as the product of their arguments' lengths."""
_REDUCING = frozenset(("list_reduce", "array_reduce", "reduce"))
_UNWRITTEN = 20
"""How long a value of the data is taken for where it replaces something."""
_LONG = 64
"""A text that is written out counts from as many characters on."""


def must_not_multiply(tree: Mapping[str, Any], path: str) -> None:
    """Raise EngineError("bad_sql") where functions within functions make a value more than :data:`LONGEST` times as
    long as those of the data: memory for texts has no limit, and one function over some rows cannot be interrupted."""
    try:
        longer = _of_query(tree, {})
    except RecursionError:
        raise EngineError("bad_sql", "the SQL is nested too deeply", path, "Simplify it.") from None
    if longer > LONGEST:
        raise EngineError(
            "bad_sql",
            f"functions within functions make values more than {LONGEST:,} times as long as those of the data",
            path,
            "Call fewer of replace, concat, repeat and their like within each other.",
        )


def _of_query(node: Any, named: Mapping[str, float]) -> float:
    """How many times as long as the data the values of a query (or of a part of FROM) can be."""
    if isinstance(node, list):
        return max((_of_query(one, named) for one in node), default=1)
    if not isinstance(node, Mapping):
        return 1
    if node.get("type") == "BASE_TABLE":
        return named.get(str(node.get("table_name", "")).lower(), 1)
    if node.get("type") == "TABLE_FUNCTION":  # rows of a series are made as they are read: each is one number
        made = node.get("function") or {}
        is_series = str(made.get("function_name", "")).lower() in _SERIES
        return max(1, _of_value(_arguments(made) if is_series else made, named))
    known = dict(named)
    for one in (node.get("cte_map") or {}).get("map", ()):
        value = one["value"]
        known[str(one["key"]).lower()] = _of_query(value.get("query_node") or value.get("query"), known)
    if node.get("type") == "SELECT_NODE":
        values = [part for key, part in node.items() if key not in ("from_table", "cte_map")]
        return _of_value(values, known) * _of_query(node.get("from_table"), known)
    if isinstance(node.get("class"), str):
        return max(1, _of_value(node, known))
    return max((_of_query(part, known) for key, part in node.items() if key != "cte_map"), default=1)


def _of_value(node: Any, named: Mapping[str, float]) -> float:
    """How many times as long as the data a value can be; 0 for short ones that are written out."""
    if isinstance(node, list):
        return max(1, max((_of_value(one, named) for one in node), default=1))
    if not isinstance(node, Mapping):
        return 0
    kind = node.get("class")
    if kind == "CONSTANT":
        return len(written_text(node) or "") // _LONG
    if kind == "COLUMN_REF":
        return 1
    if kind == "SUBQUERY":
        return max(_of_query(node.get("subquery"), named), _of_value(node.get("child"), named))
    if kind in ("FUNCTION", "WINDOW"):
        return _of_function(str(node.get("function_name", "")).lower(), _arguments(node), node, named)
    inside = (part for key, part in node.items() if isinstance(part, list | Mapping))
    return max((_of_value(part, named) for part in inside), default=0)


def _of_function(
    name: str, arguments: Sequence[Mapping[str, Any]], node: Mapping[str, Any], named: Mapping[str, float]
) -> float:
    lengths = [_of_value(one, named) for one in arguments]
    least = max(1, *lengths) if lengths else 1
    if name in ("replace", "regexp_replace") and len(arguments) > 2:
        return _replaced(name, arguments, lengths, named)
    if name == "repeat" and arguments:
        return max(1, lengths[0]) * max(1, _number(arguments[1]) or 1)
    if name in _LENGTHS and len(arguments) > _LENGTHS[name]:
        return max(least, (_number(arguments[_LENGTHS[name]]) or 0) // _LONG)
    if name in _SERIES:
        return max(1, _steps(arguments) or 1)
    if name in _REDUCING and len(arguments) > 1:
        return least * (LONGEST + 1 if _repeats_what_it_has(arguments[1]) else 1)
    if name in _PAIRING or name in _PAIRING_TOO:
        return prod(max(1, one) for one in lengths)
    if name in _JOINING:
        return max(1, sum(lengths))
    others = [
        part for key, part in node.items() if key not in ("arguments", "children") and isinstance(part, list | Mapping)
    ]
    return max(least, *(_of_value(one, named) for one in others), 1) * _LONGER.get(name, 1)


def _replaced(
    name: str, arguments: Sequence[Mapping[str, Any]], lengths: Sequence[float], named: Mapping[str, float]
) -> float:
    """Each place that is found becomes as long as what replaces it. Of replacements within each other only those count
    together of which one may find what another has written."""
    chain, subject = [], arguments
    while True:
        chain.append((written_text(subject[1]), written_text(subject[2]), subject))
        inner = subject[0]
        if str(inner.get("function_name", "")).lower() != name or len(_arguments(inner)) < 3:
            break
        subject = _arguments(inner)
    found, produced = max(1.0, _of_value(subject[0], named)), ""
    anything = False
    start, single = found, 1.0
    for sought, written, own in reversed(chain):
        longer = _longer(name, sought, written, max(1, _of_value(own[2], named)))
        finds = anything or sought is None or name == "regexp_replace" or bool(set(sought) & set(produced))
        single = max(single, longer)
        found = found * longer if finds else max(found, start * single)
        anything = anything or written is None or (name == "regexp_replace" and "\\" in written)
        produced += written or ""
    return max(found, max(lengths))


def _longer(name: str, sought: str | None, written: str | None, unwritten: float) -> float:
    if written is None:
        return _UNWRITTEN * unwritten
    if name == "regexp_replace":
        return max(1, len(written))
    return max(1, len(written) / max(1, len(sought or "")))


def _repeats_what_it_has(body: Mapping[str, Any]) -> bool:
    """Whether a step of a reduction can make its first parameter several times as long."""
    left = body.get("lhs") or {}
    first = (_arguments(left) or [left])[0].get("column_names", [None])[0] if body.get("class") == "LAMBDA" else None

    def length(node: Any) -> float:
        if isinstance(node, list):
            return max(map(length, node), default=0)
        if not isinstance(node, Mapping):
            return 0
        if node.get("class") == "COLUMN_REF":
            return float(node.get("column_names") == [first])
        name = str(node.get("function_name", "")).lower()
        if node.get("class") == "FUNCTION":
            lengths = [length(one) for one in _arguments(node)]
            longer = max(_LONGER.get(name, 1), 2 if name in ("repeat", "replace", "regexp_replace") else 1)
            return (sum(lengths) if name in _JOINING else max(lengths, default=0)) * longer
        return max((length(part) for part in node.values()), default=0)

    return first is not None and length(body.get("expr")) > 1

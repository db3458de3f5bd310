"""YAML and JSON texts to plain Python values, strictly and safely.

YAML is read by the 1.2 core rules, so `NO`, `12:30` and `010` stay what they look like; unquoted dates and timestamps
are dates and timestamps. Fractions become Decimal. Duplicate keys, bombs and endless nesting are refused.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

import yaml

from engine.errors import EngineError

MAX_BYTES = 8 * 1024 * 1024
MAX_VALUES = 1_000_000
MAX_LEVELS = 450

_LoaderBase: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DumperBase: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_LoaderBase):  # type: ignore[misc]  # the C loader when there is one
    """YAML 1.2 core scalars plus dates and timestamps."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?[ ]?(Z|z|[-+]\d\d(:?\d\d)?)?|\d{4}-\d\d-\d\d", re.ASCII
)
_RESOLVERS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("timestamp", _TIMESTAMP.pattern, list("0123456789")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+0123456789."),
    ),
)
for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$", re.ASCII), _first)


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | date | Decimal | None):
            raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
        name = key_node.value if isinstance(key_node, yaml.ScalarNode) else str(key)
        if name in result:
            raise yaml.constructor.ConstructorError(
                None, None, f'the key "{name}" is written twice', key_node.start_mark
            )
        result[name] = loader.construct_object(value_node, deep=True)
    return result


def _number(loader: Any, node: yaml.ScalarNode) -> int | Decimal:
    text: str = node.value
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    return Decimal(text.replace(".inf", "Infinity").replace(".nan", "NaN").replace(".Inf", "Infinity"))


def _timestamp(loader: Any, node: yaml.ScalarNode) -> date | datetime:
    text: str = node.value
    if len(text) == 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(re.sub(r"[ ](?=[Z+-])", "", text).upper())


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def _measure(node: yaml.Node, seen: dict[int, tuple[int, int]], trail: frozenset[int]) -> tuple[int, int]:
    """How many values a node stands for and how deep, with every alias written out; refuses self-reference."""
    if isinstance(node, yaml.ScalarNode):
        return 1, 1
    if id(node) in trail:
        raise EngineError("document", "an alias refers to itself", hint="Write the value out.")
    if id(node) not in seen:
        trail = trail | {id(node)}
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in node.value for child in pair]
        else:
            children = node.value
        sizes = [_measure(child, seen, trail) for child in children]
        seen[id(node)] = (
            1 + sum(size for size, _ in sizes),
            1 + max((levels for _, levels in sizes), default=0),
        )
    return seen[id(node)]


def _refuse_bombs(root: yaml.Node | None) -> None:
    if root is None:
        return
    values, levels = _measure(root, {}, frozenset())
    if values > MAX_VALUES:
        raise EngineError(
            "document",
            f"the document stands for more than {MAX_VALUES:,} values once its aliases are written out",
            hint="Remove the aliases, or use a list for long value lists.",
        )
    if levels > MAX_LEVELS:
        raise _too_deep()


def _too_deep() -> EngineError:
    return EngineError("document", "the document nests too deep", hint="Rules may nest 100 levels; make them flatter.")


_QUOTED = re.compile(r""" ?(?:'[^']{2,}'|"[^"]{2,}")""")
"""A part of the text that YAML quotes: the file may be one of data, so only single characters are shown."""


_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character beyond the first plane; most texts with one hold both."""


def load_documents(text: str | bytes) -> list[Any]:
    """The documents in a YAML or JSON text as plain values; raises EngineError("document") for anything unsound."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        size = len(data) / 1024 / 1024
        raise EngineError(
            "document",
            f"the document is {size:.1f} MB; the most is {MAX_BYTES // 1024 // 1024} MB",
            hint="Put long value lists into a list and use {list: ID}.",
        )
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EngineError("document", f"the text is not UTF-8 (byte {error.start})", hint="Save it as UTF-8.") from None
    try:
        stripped = decoded.lstrip()
        documents = _load_json(decoded) if stripped.startswith(("{", "[")) else None
        if documents is None:
            documents = _load_yaml(decoded)
    except RecursionError:
        raise _too_deep() from None
    documents = [d for d in documents if d is not None]
    if not documents:
        raise EngineError("document", "the document is empty", hint="Start with `kind: audience`.")
    return documents


def _load_json(text: str) -> list[Any] | None:
    """None when it is not JSON; it may still be YAML in flow style."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            twice = next(k for i, (k, _) in enumerate(items) if k in dict(items[:i]))
            raise EngineError("document", f'the key "{twice}" is written twice', hint="Keep one of them.")
        return result

    try:
        found = json.loads(text, parse_float=Decimal, object_pairs_hook=pairs)
    except json.JSONDecodeError:
        return None
    except ValueError:
        raise EngineError("document", "a number has too many digits", hint="Shorten it, or quote it.") from None
    if _HALF.search(text):
        _refuse_halves(found, "")
    return [found]


def _refuse_halves(value: Any, path: str) -> None:
    """Raise for a text or a key with half a character, which JSON can write and nothing else can hold."""
    match value:
        case str():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                message = "the text holds half a character (a lone surrogate)"
                raise EngineError("operand", message, path or None) from None
        case dict():
            for key, one in value.items():
                _refuse_halves(key, path or "a key")
                _refuse_halves(one, f"{path}.{key}" if path else key)
        case list():
            for place, one in enumerate(value):
                _refuse_halves(one, f"{path}[{place}]")


def _load_yaml(text: str) -> list[Any]:
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            _refuse_bombs(node)
        return list(yaml.load_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        problem = _QUOTED.sub("", (error.problem or "it is malformed").split("\n")[0])
        raise EngineError(
            "document",
            f"this is not valid YAML: {problem}{where}",
            hint="Check indentation and quotes there.",
        ) from None
    except (yaml.YAMLError, ValueError, InvalidOperation):
        reason = "a date, a number or a character in it cannot be read"
        raise EngineError("document", f"this is not valid YAML: {reason}", hint="Quote the value.") from None


def load_one(text: str | bytes) -> Any:
    """The single document in a text."""
    documents = load_documents(text)
    if len(documents) > 1:
        raise EngineError("document", f"one document was expected, there are {len(documents)}")
    return documents[0]


def read_file(path: Path) -> bytes:
    """A document file's bytes, without reading more than a document may have."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1_048_576 * 8)
    except OSError as error:
        raise EngineError(
            "file", f"{path} cannot be read: {(error.strerror or 'unknown').lower()}", hint="Check the path."
        ) from None


class _Dumper(_DumperBase):  # type: ignore[misc]  # the C dumper when there is one
    """Writes what :class:`_Loader` reads back unchanged."""


_Dumper.ignore_aliases = lambda *_: True  # write every value out
_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers
_Dumper.add_representer(Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", f"{value:f}"))
_Dumper.add_representer(
    datetime, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:timestamp", iso(value))
)


def _text(dumper: Any, value: str) -> Any:
    """Text of several lines as it is read, where YAML can write it so."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def iso(moment: date | datetime) -> str:
    """ISO 8601; UTC instants end in Z."""
    if isinstance(moment, datetime) and moment.tzinfo is not None and moment.utcoffset() == UTC.utcoffset(None):
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return moment.isoformat()


def dump_yaml(value: Any) -> str:
    """A plain value as YAML text, keys in the order given."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text

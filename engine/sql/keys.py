"""Profile keys must be unique and never null, or every count would be wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlglot import exp

from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.build import Binder, Expr, alias, call, cast, column, is_null, not_null, number, render, within
from engine.sql.sources import Sources
from engine.warehouses.protocol import Warehouse

KEYS_AT_ONCE = 16_000_000
"""Keys whose difference is looked at in one query: a hash table of them takes about a gigabyte."""


_WIDE = ("HUGEINT", "UHUGEINT", "UBIGINT")


def keys_fit(sources: Sources, warehouse: Warehouse, job: Job | None = None) -> None:
    """Raise EngineError("bad_key") when whole keys do not fit into 64 bits; reads only columns whose type is wider."""
    profile = sources.model.profile
    if sources.profiles.type_of(profile.key, "key").upper() not in _WIDE:
        return
    raw = sources.profiles.raw(profile.key)
    beyond = exp.And(this=not_null(raw), expression=is_null(cast(raw.copy(), "BIGINT", safe=True)))
    query = exp.select(call("count_if", beyond), exp.Count(this=exp.Star())).from_(sources.profiles.from_item())
    ((wide, profiles),) = warehouse.rows(query.sql(dialect="duckdb"), (), job)
    if wide:
        raise EngineError(
            "bad_key",
            f"{wide:,} of {profiles:,} profiles have a key beyond 64 bits",
            f"profile.key ({profile.key})",
            "Cast the key to VARCHAR in a sql: source, and so in the tables of events and objects.",
        )


def verify_keys(sources: Sources, warehouse: Warehouse, job: Job | None = None, at_once: int = KEYS_AT_ONCE) -> int:
    """The number of profiles; raises EngineError("bad_key") for null or duplicate
    keys, which names the column; the first duplicate key is in its ``technical`` text.

    Very many keys are looked at in slices: integers by range, which a sorted table reads only once, text by hash.
    """
    keys_fit(sources, warehouse, job)
    key = sources.key()
    query = exp.select(
        alias(exp.Count(this=exp.Star()), "profiles"),
        alias(exp.Count(this=key), "known"),
        alias(call("min", key.copy()), "low"),
        alias(call("max", key.copy()), "high"),
    ).from_(sources.profiles.from_item())
    profiles, known, low, high = warehouse.rows(query.sql(dialect="duckdb"), (), job)[0]
    where = f"profile.key ({sources.model.profile.key})"
    if known < profiles:
        raise EngineError(
            "bad_key",
            f"{profiles - known:,} of {profiles:,} profiles have no key",
            where,
            "Correct the table, or filter them out with where: in the model.",
        )
    slices = _slices(sources, -(-known // at_once), low, high)
    different = sum(_different(sources, warehouse, job, part) for part in slices)
    if different < profiles:
        error = EngineError(
            "bad_key",
            f"{profiles - different:,} of {profiles:,} rows repeat the key of another profile",
            where,
            "Make the keys unique, for example with a GROUP BY in a sql: source.",
        )
        error.technical = f"the first such key is {_duplicate(sources, warehouse)}"
        raise error
    return int(profiles)


def _slices(sources: Sources, count: int, low: Any, high: Any) -> list[Expr | None]:
    """Conditions that share the keys among ``count`` slices; None takes all."""
    if count <= 1:
        return [None]
    if not sources.integer_key:
        share = exp.Mod(this=call("hash", sources.key()), expression=number(count))
        return [exp.EQ(this=share.copy(), expression=number(i)) for i in range(count)]
    width = -(-(high - low + 1) // count)
    starts = [low + i * width for i in range(count)]
    return [exp.Between(this=sources.key(), low=number(start), high=number(start + width - 1)) for start in starts]


def _different(sources: Sources, warehouse: Warehouse, job: Job | None, part: Expr | None) -> int:
    """How many different keys a slice holds."""
    counted = exp.Count(this=exp.Distinct(expressions=[sources.key()]))
    query = exp.select(alias(counted, "different")).from_(sources.profiles.from_item())
    if part is not None:
        query = query.where(part)
    return int(warehouse.rows(query.sql(dialect="duckdb"), (), job)[0][0])


def known_keys(sources: Sources, warehouse: Warehouse, keys: Sequence[str]) -> set[str]:
    """Those of some keys (as text) that profiles have."""
    binder = Binder()
    wanted = exp.select(call("unnest", binder.bind(list(dict.fromkeys(keys)))))
    query = exp.select(alias(sources.key_text(), "key")).from_(sources.profiles.from_item())
    statement = render(query.where(within(sources.key_text(), wanted)), binder)
    return {row[0] for row in warehouse.rows(statement.sql, statement.parameters)}


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_BIGGEST = 2**63
_HEX = re.compile(r"(urn:uuid:)?(\{[0-9a-f-]{32,36}\}|[0-9a-f-]{32,36})", re.IGNORECASE)


def plain_key(text: str, sources: Sources) -> str | None:
    """A profile key that somebody wrote, as the warehouse writes it; None for a text that no key can be.

    A text key is compared byte for byte. A whole number is a number however it is written (``007``, blanks around it),
    and a UUID is one in upper case and in braces too.
    """
    if sources.integer_key:
        written = text.strip(" \t\r\n")
        if not _WHOLE.fullmatch(written) or not -_BIGGEST <= int(written) < _BIGGEST:
            return None
        return str(int(written))
    if sources.uuid_key:
        written = text.strip(" \t\r\n")
        if not _HEX.fullmatch(written):
            return None
        try:
            return str(UUID(written))
        except ValueError:
            return None
    return text


def typed_keys(keys: Sequence[str], sources: Sources) -> list[Any]:
    """The keys of a list in the type of the profile key; those that no profile can have are left out. A list may have
    been kept before there was a warehouse."""
    if sources.integer_key:
        whole = (key if _is_short(key) else plain_key(key, sources) for key in keys)
        return [int(key) for key in whole if key is not None]
    if sources.uuid_key:
        return [plain for plain in (plain_key(key, sources) for key in keys) if plain is not None]
    return list(keys)


def _is_short(key: str) -> bool:
    """Whether a key is a whole number beyond doubt, as nearly all are."""
    return len(key) < 19 and key.isascii() and key.isdecimal()


def distinct_keys(sources: Sources) -> str:
    """A SELECT of every profile key as text, each once."""
    query = exp.select(alias(sources.key_text(), "key")).distinct().from_(sources.profiles.from_item())
    return query.sql(dialect="duckdb")


def _duplicate(sources: Sources, warehouse: Warehouse) -> object:
    query = (
        exp.select(alias(sources.key(), "key"))
        .from_(sources.profiles.from_item())
        .group_by(sources.key())
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        .order_by(column("key"))
        .limit(1)
    )
    return warehouse.rows(query.sql(dialect="duckdb"))[0][0]

"""The ways in which a column may be written, by the shapes of its texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.tabular.values import coercion, moments, numbers
from engine.tabular.values.coercion import Way
from engine.tabular.values.moments import Dated, dated
from engine.tabular.values.numbers import Written, written
from engine.tabular.values.shapes import MOST, Evidence
from engine.tabular.values.truths import are_truths

_SCALE = 4
_NAMED_DATE = re.compile(
    r"(?:.*[_\W])?(?:date|day|dt|data|dia|fecha|nasc\w*|nacimiento|born|birth\w*|venc\w*|dob)(?:[_\W].*)?",
    re.IGNORECASE,
)
_BETWEEN = 10
"""Where a separator means decimals in some values and thousands in others, so many times more values have to say the
one than the other for the values that could be either to be read like them."""


@dataclass(frozen=True)
class Asked:
    """What is known of a column before its texts are looked at: its name in the file, and its SQL type, its format and
    its decimal separator where somebody said them."""

    name: str
    type: str | None = None
    format: str | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A way that may be the column's. ``covers``: so many texts have a shape of it (None: the texts themselves tell).
    ``strict``: it is one only when all values fit. ``rival``: the values could be
    meant in the way of the other candidates with the same, with other values; ``sure``: some values can only be meant
    so."""

    way: Way
    covers: int | None = None
    strict: bool = False
    rival: str | None = None
    sure: bool = False
    notes: tuple[str, ...] = ()


def candidates(asked: Asked, seen: Evidence) -> list[Candidate]:
    """The ways in which a column may be read, the most telling first."""
    to = asked.type
    if to == coercion.TEXT or (to is None and seen.text):
        return []
    nothing = tuple(sorted(seen.nothing))
    found = []
    if to is None or coercion.is_date(to):
        found += _compact(asked, seen, nothing)
    if to is None or coercion.is_number(to):
        found += _numbers(asked, seen, nothing)
    if to in (None, coercion.TRUTH):
        found += _truths(seen, nothing, to)
    if to is None or coercion.is_date(to):
        found += _dates(asked, seen, nothing)
    return found


# -- numbers -----------------------------------------------------------------------------------------------------------


def _numbers(asked: Asked, seen: Evidence, nothing: tuple[str, ...]) -> list[Candidate]:
    found = [(one, count) for shape, count in seen.shapes.items() if (one := written(shape)) is not None]
    signs = Counter[str]()
    for one, count in found:
        if one.sign is not None:
            signs[one.sign] += count
    sign = asked.format or (max(signs, key=lambda one: (signs[one], one)) if signs else None)
    if sign == numbers.PERCENT:
        found = [(one, count) for one, count in found if one.sign == sign]
    else:
        found = [(one, count) for one, count in found if one.sign in (None, sign)]
    notes = {None: (), numbers.PERCENT: ("percent",)}.get(sign, ("currency",))
    rival = "decimal" if asked.decimal is None and _rivals(found) else None
    made = []
    for decimal in (".", ",") if asked.decimal is None else (asked.decimal,):
        fitting = [(one, count) for one, count in found if decimal in one.scales]
        if asked.decimal is None and rival is None and not _wins(decimal, found):
            continue
        sure = sum(count for one, count in fitting if len(one.scales) == 1)
        dressed = sign is not None or any(not _is_plain(one, decimal) for one, _ in fitting)
        separated = bool(sure) or rival is not None or asked.decimal is not None
        for kind, strict, more in _kinds(asked, fitting, decimal, sign):
            way = Way(kind, sign, decimal if separated else None, dressed, nothing, strict=asked.type is None)
            covers = sum(count for _, count in fitting)
            made.append(Candidate(way, covers, strict, rival, bool(sure), (*notes, *more)))
    return made


def _wins(decimal: str, found: Sequence[tuple[Written, int]]) -> bool:
    """Whether more values can be read with this separator, or as many and it is the point."""
    fits = {one: sum(count for each, count in found if one in each.scales) for one in ".,"}
    return fits[decimal] >= fits["."] if decimal == "." else fits[","] > fits["."]


def _rivals(found: Sequence[tuple[Written, int]]) -> bool:
    """Whether a separator may be one of decimals or of thousands, and other values do not say which."""
    either = sum(count for one, count in found if len(one.scales) == 2 and one.scales["."] != one.scales[","])
    only = [sum(count for one, count in found if set(one.scales) == {decimal}) for decimal in ".,"]
    return either > 0 and (not any(only) or min(only) * _BETWEEN > max(only))


def _is_plain(one: Written, decimal: str) -> bool:
    return one.sign is None and (one.plain if decimal == "." else one.comma)


def _kinds(
    asked: Asked, found: Sequence[tuple[Written, int]], decimal: str, sign: str | None
) -> list[tuple[str, bool, tuple[str, ...]]]:
    """The types that numbers may have: type, whether all have to fit, and notes."""
    if asked.type is not None:
        return [(asked.type, False, ())]
    scales = Counter[int]()
    exponents = 0
    for one, count in found:
        scales[one.scales[decimal]] += count
        exponents += count if one.exponent else 0
    if not scales:
        return []
    if not any(scales) and not exponents:
        return [(coercion.WHOLE if sign is None else coercion.DECIMAL, sign is None, ())]
    kinds: list[tuple[str, bool, tuple[str, ...]]] = []
    if max(scales) == 1 and sign is None and not exponents:
        kinds.append((coercion.WHOLE, True, ("whole",)))
    most = _SCALE - 2 if sign == numbers.PERCENT else _SCALE
    fine = sum(count for scale, count in scales.items() if scale > most)
    if exponents or (fine and fine * 100 > sum(scales.values()) * (100 - MOST)):
        return [*kinds, (coercion.FLOAT, False, ())]
    return [*kinds, (coercion.DECIMAL, False, ())]


# -- yes and no --------------------------------------------------------------------------------------------------------


def _truths(seen: Evidence, nothing: tuple[str, ...], to: str | None) -> list[Candidate]:
    if to is not None:
        return [Candidate(Way(coercion.TRUTH, nothing=nothing))]
    if not are_truths(set(seen.words)):
        return []
    letters = all(len(one) == 1 for one in seen.words)
    return [Candidate(Way(coercion.TRUTH, nothing=nothing), strict=letters)]


# -- dates -------------------------------------------------------------------------------------------------------------


def _compact(asked: Asked, seen: Evidence, nothing: tuple[str, ...]) -> list[Candidate]:
    """Eight digits are a date where the column is called like one, or somebody says so."""
    if asked.format is not None or not seen.shapes["9" * 8]:
        return []
    if asked.type is None and not _NAMED_DATE.fullmatch(asked.name):
        return []
    way = Way(asked.type or coercion.DATE, moments.COMPACT, nothing=nothing)
    return [Candidate(way, strict=asked.type is None, notes=("compact",))]


def _dates(asked: Asked, seen: Evidence, nothing: tuple[str, ...]) -> list[Candidate]:
    found = [(one, count) for shape, count in seen.shapes.items() if (one := dated(shape)) is not None]
    zoned = sum(count for one, count in found if one.zoned)
    timed = sum(count for one, count in found if one.timed)
    if asked.format is not None:
        to = asked.type or coercion.MOMENT
        return [Candidate(Way(to, asked.format, nothing=nothing), notes=_year_notes(asked.format))]
    if not found:
        return [Candidate(Way(asked.type, nothing=nothing))] if asked.type is not None else []
    made = []
    for pattern, count in _patterns(found):
        to = asked.type or (coercion.INSTANT if zoned else coercion.MOMENT if timed else coercion.DATE)
        notes: tuple[str, ...] = _year_notes(pattern)
        if zoned and to == coercion.MOMENT:
            notes = (*notes, "offsets")
        elif zoned and timed > zoned:
            notes = (*notes, "some_offsets")
        if count * 100 >= seen.values * MOST or asked.type is not None:
            iso = pattern == moments.ISO
            way = Way(to, None if iso else pattern, nothing=nothing)
            made.append(Candidate(way, rival=None if iso or "%b" in pattern else "order", notes=notes))
    return made


def _year_notes(pattern: str) -> tuple[str, ...]:
    return ("years",) if "%y" in pattern else ()


def _patterns(found: Sequence[tuple[Dated, int]]) -> list[tuple[str, int]]:
    """Patterns of dates with how many values may be written so, most first; of several times of day the usual one."""
    by_date: dict[str, Counter[str]] = {}
    for one, count in found:
        for pattern in one.patterns:
            by_date.setdefault(moments.date_of(pattern), Counter())[pattern] += count
    made = []
    for date, patterns in by_date.items():
        timed = {pattern: count for pattern, count in patterns.items() if pattern != date}
        full = max(timed, key=lambda one: (timed[one], one)) if timed else date
        made.append((full, patterns.total()))
    place = {full: at for at, (full, _) in enumerate(made)}
    return sorted(made, key=lambda one: (-one[1], _order(one[0]), place[one[0]]))


def _order(pattern: str) -> int:
    """Day first before month first before year first, where nothing else decides."""
    return next((at for at, begin in enumerate(("%d", "%m", "%Y", "%y")) if pattern.startswith(begin)), 4)

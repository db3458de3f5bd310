"""Time columns: which of them is when something happened, and whether times without a zone are local."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.drafting.survey import Survey, Table
from engine.drafting.words import words
from engine.sql.columns import Physical

_NO_EVENT = re.compile(
    r"\bbirth|\bnascimento|\bnacimiento|\bdob\b|\buntil\b|\bvalid|\bexpir|\bupdated\b|\bvence|\bvencimento|\bvencimiento|"
    r"\bmodified\b|\batualiz|\bactualiz|\balterac|\bmodific|\blimit\b|\bdeadline\b|\bdue\b|\bestimat|\bexpected\b|"
    r"\bpromis|\bprevist|\bprevisao|\bloaded\b|\bimported\b|\bingested\b|\bdeleted\b|\bend\b|\bfim\b|\bfin\b|\bended\b"
)
_LIKELY = ("event_time", "occurred_at", "ts", "timestamp", "time", "created_at", "date", "fecha", "data")
_MADE = re.compile(
    r"\bpurchas|\bcompra|\bcreat|\bcriac|\bcreac|\border(ed)? (date|at|time)|\bpedido\b|\bvenda\b|\bventa\b|\boccurr|"
    r"\bevent|\bhora\b|\bpaid\b|\bpago\b|\bpagamento\b|\bsent\b|\benvio\b"
)
_QUIET = 5
_NIGHT = 4.0
"""The middle of the hours from 2 to 6, in which people sleep."""
_MIDYEAR = datetime(2026, 6, 1)
_LEAST = 200
"""Times that are looked at before their hours say anything."""


def event_times(table: Table) -> list[str]:
    """The columns that may say when a row happened: timestamps, or dates where there are no timestamps."""
    for wanted in ((Physical.NAIVE, Physical.INSTANT), (Physical.DATE,)):
        found = [
            one for one, kind in table.kinds.items() if kind in wanted and not _NO_EVENT.search(" ".join(words(one)))
        ]
        if found:
            return found
    return []


def event_time(survey: Survey, table: Table) -> str | None:
    """When a row happened: the usual name first, then a name that speaks of making, the fullest, and the earliest of
    several steps."""
    found = event_times(table)
    if len(found) < 2:
        return found[0] if found else None
    named = [one for one in _LIKELY for column in found if column.lower() == one]
    if named:
        return next(column for column in found if column.lower() == named[0])
    filled = survey.filled(table.name, found)
    return min(
        found,
        key=lambda one: (
            not _MADE.search(" ".join(words(one))),
            -round(filled[one][0], 2),
            filled[one][1],
            found.index(one),
        ),
    )


def local_sentence(counts: Sequence[int], zone: str) -> tuple[bool, float, str] | None:
    """Whether times are local in the zone rather than UTC, by the hours in which people sleep: the confidence and the
    evidence; None where the hours do not tell. ``counts`` are times by the hour in which they are written.

    >>> day = [30, 10, 5, 5, 5, 10, 20] + [60] * 15 + [50, 40]
    >>> local_sentence(day, "America/Sao_Paulo")[:2]
    (True, 0.95)
    >>> local_sentence(day[-3:] + day[:-3], "America/Sao_Paulo")[:2]
    (False, 0.95)
    """
    total, offset = sum(counts), ZoneInfo(zone).utcoffset(_MIDYEAR)
    if total < _LEAST or not offset:
        return None
    shift = round(offset.total_seconds() / 3600)
    quiet = [sum(counts[(hour + step) % 24] for step in range(_QUIET)) for hour in range(24)]
    first = _middle([hour for hour in range(24) if quiet[hour] <= min(quiet) + 0.005 * total])
    if quiet[first] > 0.5 * total * _QUIET / 24:
        return None
    as_utc = (first + shift) % 24
    written, converted = _from_night(first), _from_night(as_utc)
    if abs(written - converted) < 1.5 or min(written, converted) > 3:
        return None
    said = (
        f"the quietest hours of {total:,} times are {_hours(first)} as written, and would be {_hours(as_utc)} "
        f"if they were UTC; people sleep from 2 to 6"
    )
    return written < converted, 0.95 if min(written, converted) <= 2 else 0.8, said


def _middle(hours: Sequence[int]) -> int:
    """The middle of hours that follow each other, across midnight too."""
    begins = [hour for hour in hours if (hour - 1) % 24 not in hours]
    begin = begins[0] if begins else hours[0]
    run = next(step for step in range(25) if (begin + step) % 24 not in hours or step == 24)
    return (begin + (run - 1) // 2) % 24


def _from_night(first: int) -> float:
    """How many hours the middle of the quiet hours lies from the middle of the night's."""
    apart = abs((first + _QUIET / 2) % 24 - _NIGHT)
    return min(apart, 24 - apart)


def _hours(first: int) -> str:
    return f"{first} to {(first + _QUIET) % 24}"

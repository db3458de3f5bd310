"""Dates and moments as people and programs write them, and the SQL that reads them."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.tabular.naming import is_one, quoted

_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_SHEETS = {"excel": 25_569, "excel_1904": 24_107}
"""Spreadsheets count days; that many were over when 1970 began."""
FORMATS = (*_EPOCHS, *_SHEETS)
"""Ways to write a date as a number, which only a person or a document can name."""
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d"
ISO = "ISO 8601"
COMPACT = "%Y%m%d"
_MONTHS = (
    ("jan", "january", "janeiro", "ene", "enero"),
    ("feb", "february", "fev", "fevereiro", "febrero"),
    ("mar", "march", "marco", "marzo"),
    ("apr", "april", "abr", "abril"),
    ("may", "mai", "maio", "mayo"),
    ("jun", "june", "junho", "junio"),
    ("jul", "july", "julho", "julio"),
    ("aug", "august", "ago", "agosto"),
    ("sep", "sept", "september", "set", "setembro", "septiembre", "setiembre"),
    ("oct", "october", "out", "outubro", "octubre"),
    ("nov", "november", "novembro", "noviembre"),
    ("dec", "december", "dez", "dezembro", "dic", "diciembre"),
)
_NAMES = "|".join(sorted((one for names in _MONTHS for one in names), key=len, reverse=True))
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
_HALF = r" ?[ap][.]? ?m[.]?"
_ZONE = r" ?(z|utc|gmt|[-+][0-9]{2}(:?[0-9]{2})?)"
_TIME = rf"(?P<gap>t|,? | - )(?P<clock>{_CLOCK})(?P<half>{_HALF})?(?P<zone>{_ZONE})?"
_ISO = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}({_TIME.replace('?P<half>', '?P<none>')})?", re.IGNORECASE)
_NUMERIC = re.compile(
    rf"(?P<a>[0-9]{{1,4}})(?P<sep>[-/.])(?P<b>[0-9]{{1,2}})(?P=sep)(?P<c>[0-9]{{1,4}})(?:{_TIME})?", re.I
)
_NAMED = re.compile(
    rf"[0-9]{{1,2}}(?P<one>[-/. ]| de )(?P<name>{_NAMES})[.]?(?P<two>[-/. ]| de )(?P<year>[0-9]{{4}}|[0-9]{{2}})"
    rf"(?:{_TIME})?",
    re.IGNORECASE,
)
_NAME_FIRST = re.compile(rf"(?P<name>{_NAMES})[.]? [0-9]{{1,2}},? (?P<year>[0-9]{{4}})(?:{_TIME})?", re.IGNORECASE)
_BASIC = re.compile(r"[0-9]{8}t[0-9]{6}(?P<zone>z)?", re.IGNORECASE)


class Dated:
    """What a shape says of a date: the patterns by which it can be read, whether it has a time, and an offset."""

    __slots__ = ("patterns", "timed", "zoned")

    def __init__(self, patterns: tuple[str, ...], *, timed: bool, zoned: bool) -> None:
        self.patterns, self.timed, self.zoned = patterns, timed, zoned


@lru_cache(maxsize=50_000)
def dated(shape: str) -> Dated | None:
    """What a text is as a date or a moment, by its shape; None when it is none."""
    text = unaccented(shape)
    if not 8 <= len(text) <= 45 and not len(text) >= 6:
        return None
    if found := _ISO.fullmatch(text):
        return Dated((ISO,), timed=found["clock"] is not None, zoned=found["zone"] is not None)
    if found := _BASIC.fullmatch(text):
        return Dated(("%Y%m%dT%H%M%SZ" if found["zone"] else "%Y%m%dT%H%M%S",), timed=True, zoned=bool(found["zone"]))
    if (found := _NUMERIC.fullmatch(text)) and (orders := _orders(found["a"], found["c"], found["sep"])):
        return _with_time(found, orders)
    if found := _NAMED.fullmatch(text):
        return _with_time(found, [f"%d{found['one']}%b{found['two']}{'%Y' if len(found['year']) == 4 else '%y'}"])
    if found := _NAME_FIRST.fullmatch(text):
        return _with_time(found, ["%b %d %Y"])
    return None


def _orders(first: str, last: str, sep: str) -> list[str]:
    if len(first) == 4 and len(last) <= 2:
        return [f"%Y{sep}%m{sep}%d"]
    if len(first) > 2 or len(last) not in (2, 4):
        return []
    year = "%Y" if len(last) == 4 else "%y"
    found = [f"%d{sep}%m{sep}{year}", f"%m{sep}%d{sep}{year}"]
    return [*found, f"%y{sep}%m{sep}%d"] if year == "%y" and len(first) == 2 else found


def _with_time(found: re.Match[str], dates: list[str]) -> Dated | None:
    if found["zone"] is not None:
        return None
    if found["clock"] is None:
        return Dated(tuple(dates), timed=False, zoned=False)
    time = " %I:%M:%S %p" if found["half"] else " %H:%M:%S"
    return Dated(tuple(one + time for one in dates), timed=True, zoned=False)


def unaccented(text: str) -> str:
    """A text with the letters of months' names in capitals or not, without a cedilla."""
    return text.replace("ç", "c").replace("Ç", "C")


def date_of(pattern: str) -> str:
    """A pattern without its time."""
    return re.split(r"[ T]%[HI]", pattern, maxsplit=1)[0]


# -- the SQL -----------------------------------------------------------------------------------------------------------


def value(text: str, trimmed: str, to: str, pattern: str | None) -> str:
    """The SQL of a text as a date (DATE), a moment of some clock (TIMESTAMP) or an instant (TIMESTAMP WITH TIME ZONE).
    An offset that is written counts: as a TIMESTAMP the moment is that of UTC."""
    if pattern is None or pattern == ISO:
        return _iso(text, trimmed, to)
    if pattern in FORMATS:
        return f"CAST({_counted(trimmed, pattern)} AS {to})"
    parsed = f"try_strptime({trimmed}, {_listed(pattern)})"
    if pattern.startswith(COMPACT + "T"):
        parsed = f"try_strptime(upper({trimmed}), {quoted(pattern)})"
    elif "%b" in pattern or "%B" in pattern or "%H" in pattern or "%I" in pattern:
        parsed = f"coalesce({parsed}, try_strptime({_usual(trimmed, pattern)}, {_variants(pattern)}))"
    if "%Y" in pattern:  # 85 is no year of four digits
        return f"CASE WHEN {parsed} >= TIMESTAMP '1000-01-01' THEN CAST({parsed} AS {to}) END"
    return f"CAST({parsed} AS {to})"


def _iso(text: str, trimmed: str, to: str) -> str:
    if to == "DATE":
        cast = f"coalesce(TRY_CAST({text} AS DATE), TRY_CAST({trimmed} AS DATE))"
    elif to == "TIMESTAMP":
        # What has no offset is seen at once; only the others are looked at with care.
        usual = f"strlen({text}) = 19 AND substr({text}, 17, 1) = ':'"
        offset = f"strlen({trimmed}) > 10 AND regexp_matches({trimmed}, '(?i)[0-9] ?(z|utc|gmt|[-+][0-9:]+)$')"
        cast = (
            f"CASE WHEN {usual} THEN TRY_CAST({text} AS TIMESTAMP) WHEN {offset} "
            f"THEN {_instant(trimmed)} AT TIME ZONE 'UTC' ELSE TRY_CAST({trimmed} AS TIMESTAMP) END"
        )
    else:
        cast = f"coalesce(TRY_CAST({text} AS {to}), {_instant(trimmed)})"
    # 85-01-01 is no year of four digits, and DuckDB has words for moments, such as infinity.
    written = f"regexp_matches({trimmed}, '^[0-9]{{4}}')"
    return (
        f"CASE WHEN {cast} BETWEEN DATE '1000-01-01' AND DATE '9999-12-31' AND strlen({text}) >= 8 THEN {cast} "
        f"WHEN {written} THEN {cast} END"
    )


def _instant(text: str) -> str:
    """An instant, its offset with or without a colon and minutes, or by the name of UTC."""
    plain = f"regexp_replace({text}, ' ?([-+][0-9][0-9]):?([0-9][0-9])?$', '\\1:\\2')"
    named = f"regexp_replace(regexp_replace({plain}, ':$', ':00'), '(?i) ?(utc|gmt|z)$', '+00:00')"
    named = f"regexp_replace({named}, '([Tt ][0-9][0-9]:[0-9][0-9])([-+])', '\\1:00\\2')"
    return f"TRY_CAST({named} AS TIMESTAMP WITH TIME ZONE)"


def _counted(text: str, pattern: str) -> str:
    """The moment that is so many units after another."""
    plain = f"CASE WHEN regexp_full_match({text}, '-?[0-9]+([.,][0-9]+)?') THEN replace({text}, ',', '.') END"
    number = f"TRY_CAST({plain} AS DECIMAL(24,6))"
    if pattern in _EPOCHS:
        micros = f"TRY_CAST({number} * {_EPOCHS[pattern]} AS BIGINT)"
    else:  # Lotus had a 29 February 1900, day 60, so that Excel has it
        days = number
        if pattern == "excel":
            days = f"CASE WHEN {number} >= 61 THEN {number} WHEN {number} < 60 THEN {number} + 1 END"
        seconds = f"round(({days} - {_SHEETS[pattern]}) * 86400, 3)"
        micros = f"TRY_CAST({seconds} * 1000000 AS BIGINT)"
    return f"CASE WHEN abs({micros}) < 253402300800000000 THEN make_timestamp({micros}) END"


def _listed(pattern: str) -> str:
    return f"[{', '.join(map(quoted, _times(pattern)))}]" if _is_ours(pattern) else quoted(pattern)


def _variants(pattern: str) -> str:
    plain = pattern.replace("%b", "%m").replace("%B", "%m")
    for word in (" de ", ", "):
        plain = plain.replace(word, " ")
    return f"[{', '.join(map(quoted, _times(plain)))}]"


def _is_ours(pattern: str) -> bool:
    return pattern.endswith((" %H:%M:%S", " %I:%M:%S %p"))


def _times(pattern: str) -> list[str]:
    """The pattern, and the same with less or more of the time: seconds, their fractions, nothing but the day."""
    if not _is_ours(pattern):
        return [pattern]
    return [
        pattern,
        pattern.replace(":%S", ""),
        pattern.replace("%S", "%S.%f"),
        date_of(pattern),
    ]


def _usual(text: str, pattern: str) -> str:
    """A text with its month as a number, one blank before the time, and AM or PM as computers write it."""
    made = text
    if "%b" in pattern or "%B" in pattern:
        low = f"lower(replace(replace({text}, 'ç', 'c'), 'Ç', 'c'))"
        name = f"regexp_extract({low}, '[a-z]{{3,}}')"
        number = " ".join(f"WHEN {is_one(name, names)} THEN '{at:02}'" for at, names in enumerate(_MONTHS, 1))
        month = f"CASE {number} END"
        made = f"regexp_replace(regexp_replace({low}, '[a-z]{{3,}}[.]?', {month}), '( de |, )', ' ', 'g')"
    if "%I" in pattern or "%H" in pattern:
        made = f"regexp_replace({made}, '(?i)(t|,? | - )([0-9]{{1,2}}:[0-9]{{2}})', ' \\2')"
    if "%I" in pattern:
        made = f"regexp_replace({made}, '(?i) ?([ap])[.]? ?m[.]?$', ' \\1M')"
    return made

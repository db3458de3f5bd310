"""What single values look like, and which rows are names, titles or totals: seen from the text alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[-+(]?\s?(R\$|[$€£]|US\$)?\s?[-+]?\d[\d.,'\u00a0\u202f ]*\s?(%|€)?\)?")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?.*")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_YEAR = re.compile(r"(19|20)\d\d")
_TOTAL = re.compile(
    r"((sub|grand|gran)[ -]?)?(total|totais|totales|totals|sum|soma|suma|somatório)(\s+(geral|general|global|final))?\b"
    r".{0,40}",
    re.IGNORECASE,
)


def kind(text: str) -> str:
    """``""`` (nothing), ``number``, ``date``, ``address`` or ``text``."""
    text = text.strip()
    if not text:
        return ""
    if _DAY.fullmatch(text) or _CLOCK.fullmatch(text):
        return "date"
    if _NUMBER.fullmatch(text):
        return "number"
    return "address" if _ADDRESS.fullmatch(text) else "text"


def is_names(fields: Sequence[str], most_missing: int = 0) -> bool:
    """Whether a row may name columns: texts, no two alike, at most so many left out."""
    there = [one.strip().lower() for one in fields if one.strip()]
    return (
        len(fields) - len(there) <= most_missing
        and bool(there)
        and len(set(there)) == len(there)
        and all(kind(one) == "text" and len(one) <= 100 for one in there)
    )


def is_data(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first row holds values like the rows below it, and no names."""
    if not rows:
        return False
    alike = 0
    for place, text in enumerate(first):
        kinds = [kind(row[place]) for row in rows if place < len(row) and row[place].strip()]
        if not kinds:
            continue
        common = max(set(kinds), key=kinds.count)
        if common == "text" or kinds.count(common) * 10 < len(kinds) * 9:
            continue
        if text.strip() and kind(text) != common:
            return False
        alike += bool(text.strip())
    return alike > 0 and not _is_series([one.strip() for one in first if kind(one) in ("number", "date")])


def _is_series(texts: Sequence[str]) -> bool:
    """Whether numbers are names of columns: years, or one after the other."""
    if not texts:
        return False
    if all(_YEAR.fullmatch(one) for one in texts):
        return True
    return (
        len(texts) > 2
        and all(
            one.isdecimal() and int(one) == int(texts[0]) + step
            for step, one in enumerate(texts)
            if texts[0].isdecimal()
        )
        and texts[0].isdecimal()
    )


def is_total(fields: Sequence[str], width: int, first_is_text: bool) -> bool:
    """Whether a last row sums up those above: it begins with such a word, where there is a gap or no name can be."""
    there = [one.strip() for one in fields if one.strip()]
    if not there or not _TOTAL.fullmatch(there[0]) or width < 2:
        return False
    return len(there) < width or len(fields) < width or not first_is_text

"""Why a value cannot serve as an identifier, and the cleaning that every kind of identifier begins with."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

LONGEST = 1_000
"""Characters of a value; longer ones identify nobody."""
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
"""Soft hyphens, zero-width characters and marks of direction: address books and chats leave them around values."""
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+")
_POWER = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_LOST = 2
"""Digits that a power of ten may leave open and still be thought exact: a spreadsheet keeps six digits of a long
number, while a program writes all of them."""


class Unusable(Enum):
    """Why a value names nobody."""

    FORM = "form"
    """It has not the form of its kind: letters in a number, an address without a domain."""
    COUNTRY = "country"
    """Its country is not known: a phone without country code, a cédula of one of many countries."""
    LENGTH = "length"
    """It is too short or too long."""
    CHECK = "check"
    """Its check digits contradict it."""
    PLACEHOLDER = "placeholder"
    """It stands for no value: null, undefined, 000.000.000-00."""
    BLOCKED = "blocked"
    """The identity document blocks it."""
    SHARED = "shared"
    """More values touch it than one person has."""


Reading = str | Unusable
"""The canonical text of a value, or why there is none."""


def plain(text: str) -> str | None:
    """The text in compatibility form without invisible characters and outer blanks; None for one that is empty, longer
    than a thousand characters or has control characters inside."""
    if len(text) > LONGEST:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    text = text.strip()
    return text if text and text.isprintable() else None


def whole_number(text: str) -> str:
    """A whole number as its digits where a program wrote it as a decimal (``11987654321.0``, ``1.1987654321E10``);
    any other text as it is. A power of ten whose last digits were rounded away stays as it is, too."""
    if text.isdigit():
        return text
    if found := _WHOLE.fullmatch(text):
        return found[1]
    if found := _POWER.fullmatch(text):
        decimals, places = (found[2] or "").rstrip("0"), int(found[3])
        if len(decimals) <= places <= len(decimals) + _LOST:
            return found[1] + decimals.ljust(places, "0")
    return text

"""Numbers as people and programs write them, and the SQL that reads them without rounding."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.tabular.naming import quoted

PERCENT = "%"
_MOST_DIGITS = 15
"""A bare run of more digits is an identifier: no program that counts keeps so many."""
_SYMBOLS = (
    *("R$", "US$", "U$S", "U$D", "MX$", "AR$", "CO$", "CL$", "A$", "C$", "S/.", "S/", "Bs.", "Bs", "Gs.", "Gs"),
    *("$", "€", "£", "¥", "₲", "₡"),
)
_CODES = (
    *("ARS", "AUD", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "DKK", "DOP", "EUR", "GBP", "GTQ", "HNL"),
    *("INR", "JPY", "MXN", "NIO", "NOK", "PAB", "PEN", "PLN", "PYG", "SEK", "USD", "UYU", "VES"),
)
CURRENCIES = (*_SYMBOLS, *_CODES)
_BLANKS = "\u00a0\u202f\u2009"
_GROUPS = {".": (",", "'", "’", " "), ",": ("[.]", "'", "’", " ")}
_EXPONENT = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?e([-+]?)[0-9]+", re.IGNORECASE)
PLAIN = "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?"
COMMA = "-?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:[.][0-9]{3})+)(?:,[0-9]+)?"
"""Numbers as programs write them, with a decimal point and with a decimal comma."""


def _body(decimal: str) -> str:
    separator = "[.]" if decimal == "." else ","
    grouped = "|".join(f"[1-9][0-9]{{0,2}}(?:{one}[0-9]{{3}})+" for one in _GROUPS[decimal])
    return f"(?:(?:[0-9]+|{grouped})(?:{separator}[0-9]+)?|{separator}[0-9]+)"


def _pattern(decimal: str, sign: str | None) -> str:
    """How a number with groups, signs and brackets is written, beside it the sign or nothing."""
    body = _body(decimal)
    before = "" if sign is None or sign == PERCENT else f"(?:{re.escape(sign)})? ?"
    after = "" if sign is None else " ?%" if sign == PERCENT else f"(?: ?{re.escape(sign)})?"
    core = f"{before}{body}{after}"
    ways = (core, f"[-−+] ?{core}", f"{before}[-−] ?{body}{after}", f"{core} ?[-−]")
    brackets = (rf"[(] ?{core} ?[)]", rf"{before}[(] ?{body} ?[)]{after}")
    return f"(?i)(?:{'|'.join((*ways, *brackets))})"


# -- what is written ---------------------------------------------------------------------------------------------------

_ANY_SIGN = re.compile(rf"%|{'|'.join(re.escape(one) for one in CURRENCIES)}", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(r"[-−+(0-9.,%$€£¥₲₡A-Za-z]")


class Written:
    """What a shape says of a number: the digits after the separator by decimal separator (of those under which it can
    be read), the sign beside it, whether a program could have written it (``plain``; ``comma``: with a decimal comma),
    and whether it has an exponent."""

    __slots__ = ("comma", "exponent", "plain", "scales", "sign")

    def __init__(
        self,
        scales: dict[str, int],
        sign: str | None = None,
        *,
        plain: bool,
        comma: bool = False,
        exponent: bool = False,
    ) -> None:
        self.scales, self.sign, self.plain, self.comma, self.exponent = scales, sign, plain, comma, exponent


@lru_cache(maxsize=4096)
def _compiled(decimal: str, sign: str | None) -> re.Pattern[str]:
    return re.compile(_pattern(decimal, sign))


@lru_cache(maxsize=50_000)
def written(shape: str) -> Written | None:
    """What a text is as a number, by its shape (see :mod:`engine.tabular.values.shapes`); None when it is none: codes
    with leading zeros, with many digits or such as 12E3 are none."""
    if len(shape) > 60 or not _LIKE_A_NUMBER.match(shape):
        return None
    text = blank(shape)
    if exponent := _EXPONENT.fullmatch(text):
        if exponent[2] is None and not exponent[3]:
            return None
        return Written({".": 0}, plain=True, exponent=True)
    digits = re.sub("[^0-9]", "", text)
    if not digits or _is_code(text, digits):
        return None
    signs = {one.upper() for one in _ANY_SIGN.findall(text)}
    if len(signs) > 1 or (not signs and re.search("[A-Za-z]", text)):
        return None
    sign = signs.pop() if signs else None
    scales = {}
    for decimal in ".,":
        if _compiled(decimal, sign).fullmatch(text) and not (sign is None and text.startswith("+")):
            tail = re.search(rf"[{decimal}]([0-9]+)[^0-9]*$", text)
            scales[decimal] = len(tail[1]) if tail else 0
    if not scales:
        return None
    plain = re.fullmatch(PLAIN, text) is not None
    return Written(scales, sign, plain=plain, comma=re.fullmatch(COMMA, text) is not None)


def _is_code(text: str, digits: str) -> bool:
    """Whether digits are an identifier rather than a number: a leading zero before others, or too many for a number;
    and groups parted by common blanks, as telephones are, without cents or a sign."""
    bare = text.lstrip("-")
    if re.fullmatch("0[0-9].*", bare) or (bare.isdigit() and len(bare) > _MOST_DIGITS):
        return True
    return re.fullmatch(r"[-−+(]?[0-9]+( [0-9]{3})+", bare) is not None and "\u00a0" not in text


def blank(text: str) -> str:
    """A text with every kind of blank that stands between digits as one."""
    return text.translate({ord(one): " " for one in _BLANKS})


# -- the SQL -----------------------------------------------------------------------------------------------------------


def value(
    text: str, trimmed: str, to: str, decimal: str | None, sign: str | None, *, dressed: bool, strict: bool = False
) -> str:
    """The SQL of a text as a number; NULL where it is none, where the type would round it, or (``strict``) where it is
    an identifier made of digits."""
    made = _value(text, trimmed, to, decimal, sign, dressed=dressed)
    if not strict:
        return made
    careful = f"CASE WHEN NOT regexp_matches({trimmed}, '^-?(0[0-9]|[0-9]{{{_MOST_DIGITS + 1},}}$)') THEN {made} END"
    if dressed or sign is not None or decimal == "," or to in ("DOUBLE", "FLOAT"):
        return careful
    scale = _scale(to)
    few = f"([.][0-9]{{1,{scale}}})?" if scale and decimal else ""
    usual = f"-?(0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}){few}"  # most are seen to be numbers at once
    return f"CASE WHEN regexp_full_match({text}, '{usual}') THEN TRY_CAST({text} AS {to}) ELSE {careful} END"


def _value(text: str, trimmed: str, to: str, decimal: str | None, sign: str | None, *, dressed: bool) -> str:
    if dressed or sign is not None:
        return _undressed(trimmed, to, decimal or ".", sign)
    if decimal is None:  # without a separator nothing but digits: 1.000 may be a thousand
        return (
            f"CASE WHEN regexp_full_match({text}, '-?[0-9]+') THEN TRY_CAST({text} AS {to}) "
            f"WHEN regexp_full_match({trimmed}, '[-+]?[0-9]+') THEN TRY_CAST({trimmed} AS {to}) END"
        )
    if decimal == ",":
        groups = "-?[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]*)?"
        pointed = _pointed(trimmed)
        dots = f"CASE WHEN regexp_full_match({trimmed}, '[+]?{groups}') THEN {_number(pointed, pointed, to)} END"
        return f"CASE WHEN strpos({text}, '.') = 0 THEN {_number(_comma(text), _comma(trimmed), to)} ELSE {dots} END"
    return _number(text, trimmed, to)


def _number(written_: str, text: str, to: str) -> str:
    """A number with a point, as it is written and without blanks around it."""
    value = f"TRY_CAST({text} AS {to})"
    usual = "[-+]?[0-9]*[.]?[0-9]*([eE][-+]?[0-9]+)?"  # DuckDB also takes 1_000 and 0x10
    if to in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({value}) AND regexp_full_match({text}, '{usual}') THEN {value} END"
    # A cast rounds, silently: more digits than the type has, or an exponent that may hide them, do not fit. The text is
    # looked at, since a comparison with a wider decimal takes thirty times as long.
    scale = _scale(to)
    digits = f"length(rtrim({text}, '0')) - strpos({text}, '.')"
    careful = (
        f"CASE WHEN strpos({text}, '.') > 0 AND {digits} > {scale} OR strpos(lower({text}), 'e') > 0 "
        f"OR NOT regexp_full_match({text}, '{usual}') THEN NULL ELSE {value} END"
    )
    # Most numbers are seen to be such at once; only the others are looked at with care, which takes much longer.
    few = f"([.][0-9]{{1,{scale}}})?" if scale else ""
    return (
        f"CASE WHEN regexp_full_match({written_}, '-?[0-9]+{few}') THEN TRY_CAST({written_} AS {to}) ELSE {careful} END"
    )


def _scale(to: str) -> int:
    return int(to.rstrip(")").split(",")[1]) if to.startswith("DECIMAL(") else 0


def _comma(text: str) -> str:
    return f"replace({text}, ',', '.')"


def _pointed(text: str) -> str:
    """A number with a decimal comma as SQL writes it."""
    return f"replace(replace({text}, '.', ''), ',', '.')"


def _undressed(text: str, to: str, decimal: str, sign: str | None) -> str:
    """A number with groups, signs or brackets."""
    plain = f"trim(translate({text}, {quoted(_BLANKS)}, '{' ' * len(_BLANKS)}'))"
    bare = plain if sign is None else f"replace(upper({plain}), {quoted(sign.upper())}, '')"
    digits = f"regexp_replace({bare}, '[^0-9{decimal}]', '', 'g')"
    negative = f"CASE WHEN regexp_matches({plain}, '[-−(]') THEN '-' ELSE '' END"
    number = f"{negative} || {_comma(digits) if decimal == ',' else digits}"
    made = _share(number, to) if sign == PERCENT else _number(number, number, to)
    return f"CASE WHEN regexp_full_match({plain}, {quoted(_pattern(decimal, sign))}) THEN {made} END"


def _share(number: str, to: str) -> str:
    """Percent as the share of one that they are: 12.5 % is 0.125, as spreadsheets keep it."""
    if to in ("DOUBLE", "FLOAT"):
        return f"TRY_CAST({number} || 'e-2' AS DOUBLE)"
    percent = f"TRY_CAST({number} AS DECIMAL(30,8))"
    share = f"TRY_CAST({percent} * 0.01::DECIMAL(3,2) AS {to})"
    return f"CASE WHEN {share} * 100 = {percent} THEN {share} END"

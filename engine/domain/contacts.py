"""E-mail addresses and phone numbers: one canonical text for every way to write one.

Identity, deliveries, lists and lookups read them here, so that a file in any spelling finds its person, and a
destination gets the hash of what the person told it.

Numbers that a country has changed are read as what they are now: Brazil's mobiles of eight digits get the ninth
(Anatel, Resolução 553/2010), Mexico's lose the 1 and the prefixes 01, 044 and 045 (IFT, 3 August 2019), Colombia's
landlines get the 60 (CRC, 1 September 2021), Ecuador's mobiles of eight digits and Chile's of eight get the 9 (2012).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from engine.domain.unusable import Reading, Unusable, plain, whole_number

# -- e-mail ------------------------------------------------------------------------------------------------------------

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})")
_ADDRESS = re.compile(rf"{_LOCAL.pattern}@{_DOMAIN.pattern}")
_MOST_LOCAL, _MOST_ADDRESS = 64, 254
"""Characters of a mailbox's name and of an address (RFC 5321, section 4.5.3.1, and erratum 1690)."""


def read_email(text: str) -> Reading:
    """An address in lower case, its domain as it goes over the wire (``niño.com`` is ``xn--nio-8ma.com``).

    A name with a dot at an end or two in a row, a quoted name, ``mailto:`` and a domain without a dot, or that is a
    number, are no address.
    """
    found = plain(text)
    if found is None:
        return Unusable.FORM
    found = found.lower()
    if not _ADDRESS.fullmatch(found):
        local, at, domain = found.rpartition("@")
        if not at or found.isascii():
            return Unusable.FORM
        wire = _wire(domain)
        if wire is None or not _LOCAL.fullmatch(_letters(local)):
            return Unusable.FORM
        found = f"{local}@{wire}"
    if len(found) > _MOST_ADDRESS or found.index("@") > _MOST_LOCAL:
        return Unusable.LENGTH
    return found


def _letters(local: str) -> str:
    """The name with an ``a`` for every letter and digit of another alphabet than the Latin without accents."""
    return "".join("a" if not one.isascii() and one.isalnum() else one for one in local)


def _wire(domain: str) -> str | None:
    """The domain in ASCII; None where it is none."""
    if domain.isascii():
        return domain if _DOMAIN.fullmatch(domain) else None
    import idna

    try:
        wire = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
    return wire if _DOMAIN.fullmatch(wire) else None


# -- phones ------------------------------------------------------------------------------------------------------------

_EXTENSION = re.compile(r"\s*(?:ramal|anexo|interno|int\.?|ext\.?|x)[\s:.]*\d{1,6}$", re.IGNORECASE)
_PUNCTUATION = str.maketrans("", "", " -().\u2010\u2011\u2012\u2013\u2014")
_AREA = "1[1-9]|2[12478]|3[1-578]|4[1-9]|5[1345]|6[1-9]|7[134579]|8[1-9]|9[1-9]"
Repair = tuple[re.Pattern[str], str]
"""(pattern of a whole national number, its replacement)."""
_REPAIRS: Mapping[int, tuple[Repair, ...]] = {
    55: ((re.compile(rf"({_AREA})([6-9]\d{{7}})"), r"\g<1>9\2"),),
    52: ((re.compile(r"(?:01|04[45]|1)(\d{10})"), r"\1"),),
    57: ((re.compile(r"([1-8]\d{7})"), r"60\1"),),
    56: ((re.compile(r"0?(9\d{8})"), r"\1"), (re.compile(r"0?([89]\d{7})"), r"9\1")),
    593: ((re.compile(r"([89]\d{7})"), r"9\1"),),
}
"""By country code: what a number that is valid nowhere today was, and what it is now."""
_TOO_SHORT = frozenset({NumberParseException.TOO_SHORT_AFTER_IDD, NumberParseException.TOO_SHORT_NSN})


def read_phone(text: str, country: str | None = None) -> Reading:
    """The number in E.164 (``+5511987654321``). ``country`` (ISO 3166) reads one without a country code; without it
    such a number names nobody. A number that exists nowhere is never guessed."""
    found = plain(text)
    if found is None:
        return Unusable.FORM
    found = whole_number(found)
    bare = found.translate(_PUNCTUATION)
    found = bare if bare.removeprefix("+").isdigit() else _EXTENSION.sub("", found)
    number = _parsed(found, country)
    if isinstance(number, Unusable):
        return number
    if not phonenumbers.is_valid_number(number):
        other = _repaired(number) or _abroad(found, country)
        if other is None:
            return _why(number)
        number = other
    if number.italian_leading_zero:
        return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    return f"+{number.country_code}{number.national_number}"


def _parsed(text: str, country: str | None) -> PhoneNumber | Unusable:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and country is None:
            if text.startswith("00"):
                return _parsed(f"+{text[2:]}", None)
            return Unusable.COUNTRY if "+" not in text else Unusable.FORM
        if error.error_type in _TOO_SHORT or error.error_type == NumberParseException.TOO_LONG:
            return Unusable.LENGTH
        return Unusable.FORM


def _repaired(number: PhoneNumber) -> PhoneNumber | None:
    """The number as its country counts today."""
    national = phonenumbers.national_significant_number(number)
    for pattern, into in _REPAIRS.get(number.country_code or 0, ()):
        for one in (national, national.removeprefix(str(number.country_code))):
            if pattern.fullmatch(one):
                fresh = PhoneNumber(country_code=number.country_code, national_number=int(pattern.sub(into, one)))
                if phonenumbers.is_valid_number(fresh):
                    return fresh
    return None


def _abroad(text: str, country: str | None) -> PhoneNumber | None:
    """A number with the country's code, or 00 and a code, in front, which its own country reads another way."""
    digits = re.sub(r"\D", "", text)
    if country is None or text.lstrip().startswith("+") or len(digits) < 9:
        return None
    code = phonenumbers.country_code_for_region(country)
    given = digits.removeprefix("00") if digits.startswith("00") else digits
    if given is digits and not digits.startswith(str(code)):
        return None
    number = _parsed(f"+{given}", None)
    if isinstance(number, Unusable):
        return None
    return number if phonenumbers.is_valid_number(number) else _repaired(number)


def _why(number: PhoneNumber) -> Unusable:
    possible = phonenumbers.is_possible_number_with_reason(number)
    return Unusable.FORM if possible == ValidationResult.IS_POSSIBLE else Unusable.LENGTH


# -- one of both -------------------------------------------------------------------------------------------------------

CONTACTS: Mapping[str, Callable[[str, str | None], Reading]] = {
    "email": lambda text, country: read_email(text),
    "phone": read_phone,
}
"""Readers by kind."""

"""What the values of a column are: the share of e-mail addresses, phones, documents with check digits, names.

Only shares and counts leave this module, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import phonenumbers
from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.ec import ci
from stdnum.es import dni, nie
from stdnum.mx import curp, rfc

from engine.drafting.words import plain

MOST_VALUES = 1_000
"""Values of a column that are looked at."""
_MOST_PHONES = 150
_LEAST_DISTINCT_NAMES = 15
_MISSING = re.compile(
    r"[-_.?* ]*|null|none|nil|nan|n/?[ad]|undefined|unknown|desconhecido|desconocido|sin dato|sem dado", re.IGNORECASE
)
_EMAIL = re.compile(r"(mailto:)?[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]{2,}", re.IGNORECASE)
_EMAIL_WITHIN = re.compile(r"[^@\s,;<>()]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", re.IGNORECASE)
_IP = re.compile(
    r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)|([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}", re.IGNORECASE
)
_STREET = re.compile(
    r"(rua|r\.|av\.?|avda\.?|avenida|calle|c/|carrera|cra\.?|alameda|travessa|rodovia|pra[cç]a|plaza|pasaje|jir[oó]n|"
    r"estrada|camino|diagonal|transversal)\s+\S.*|\d+\s+\S.*\b(street|st|avenue|ave|road|rd|lane|drive|boulevard|blvd)\.?",
    re.IGNORECASE,
)
_POSTAL = re.compile(r"\d{5}-\d{3}")
_PHONE_SHAPE = re.compile(r"[+(\d][\d\s().\-/]{6,22}\d")
_DATE_SHAPE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T].*)?")
_REGIONS = ("BR", "MX", "AR", "CO", "CL", "PE", "EC", "UY", "VE", "US", "ES", "PT")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True)
class Share:
    """How many of the known values that were looked at are of a kind; ``weak`` when a plain number often passes."""

    kind: str
    count: int
    of: int
    weak: bool = False

    @property
    def part(self) -> float:
        """Between 0 and 1."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class _Check:
    kind: str
    shape: re.Pattern[str]
    valid: Callable[[str], bool]
    weak: bool = False


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _rfc(text: str) -> bool:
    return bool(rfc.is_valid(text, validate_check_digits=False))


_CARD = r"[2-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}|3\d{3}[ -]?\d{6}[ -]?\d{5}"
_CHECKS = (
    _Check("cpf", _pattern(r"\d{3}\.?\d{3}\.?\d{3}[-/]?\d{2}"), cpf.is_valid),
    _Check("cnpj", _pattern(r"[\dA-Z]{2}\.?[\dA-Z]{3}\.?[\dA-Z]{3}/?[\dA-Z]{4}-?\d{2}"), cnpj.is_valid),
    _Check("curp", _pattern(r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z\d]\d"), curp.is_valid),
    _Check("rfc", _pattern(r"[A-ZÑ&]{3,4}-?\d{6}-?[A-Z\d]{3}"), _rfc),
    _Check("cuit", _pattern(r"(20|23|24|25|26|27|30|33|34)-?\d{8}-?\d"), cuit.is_valid),
    _Check("rut", _pattern(r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dK]"), rut.is_valid, weak=True),
    _Check("dni", _pattern(r"\d{8}-?[A-Z]"), dni.is_valid),
    _Check("dni", _pattern(r"[XYZ]-?\d{7}-?[A-Z]"), nie.is_valid),
    _Check("cedula", _pattern(r"\d{9}-?\d"), ci.is_valid, weak=True),
    _Check("cedula", _pattern(r"\d\.?\d{3}\.?\d{3}-?\d"), lambda text: _uruguayan(text), weak=True),
    _Check("iban", _pattern(r"[A-Z]{2}\d{2}( ?[A-Z\d]){11,30}"), iban.is_valid),
    _Check("card", _pattern(_CARD), lambda text: _card(text), weak=True),
)  # fmt: skip
"""Documents, accounts and cards whose digits check each other, in this order."""


def _card(text: str) -> bool:
    return bool(luhn.is_valid(re.sub(r"\D", "", text)))


def _uruguayan(text: str) -> bool:
    """The last digit of an Uruguayan cédula checks the others (weights 2987634, modulo 10)."""
    digits = [int(one) for one in text if one.isdigit()]
    if len(digits) not in (7, 8):
        return False
    digits = [0] * (8 - len(digits)) + digits
    total = sum(digit * weight for digit, weight in zip(digits[:7], (2, 9, 8, 7, 6, 3, 4), strict=True))
    return -total % 10 == digits[7]


def known(values: Iterable[str]) -> list[str]:
    """The values that say something, trimmed."""
    trimmed = (one.strip() for one in values)
    return [one for one in trimmed if not _MISSING.fullmatch(one)]


def shares(values: Sequence[str], *, padded: bool = False) -> list[Share]:
    """The kinds that some of the values are, the most frequent first. ``padded`` gives numbers back the leading zeros
    of a CPF or CNPJ.

    >>> shares(["ana@x.com", "b@y.com.br", "-"])[0]
    Share(kind='email', count=2, of=2, weak=False)
    """
    found = known(values[:MOST_VALUES])
    if not found:
        return []
    counted = [_share("email", found, _EMAIL.fullmatch), *_checked(found, padded=padded)]
    counted += [
        _share("ip", found, _IP.fullmatch),
        _share("street", found, _STREET.fullmatch),
        _share("postal", found, _POSTAL.fullmatch),
        _share("hash", found, _HASH.fullmatch),
        _names(found),
    ]
    if max(one.part for one in counted) < 0.8:
        counted.append(_phones(found))
    if counted[0].part < 0.05:
        counted.append(_share("email_within", found, _EMAIL_WITHIN.search))
    return sorted((one for one in counted if one.count), key=lambda one: (-one.count, one.weak))


def _share(kind: str, values: Sequence[str], matches: Callable[[str], object]) -> Share:
    return Share(kind, sum(1 for one in values if matches(one)), len(values))


def _checked(values: Sequence[str], *, padded: bool) -> Iterator[Share]:
    counts: dict[str, int] = {}
    for value in values:
        texts = (value, value.zfill(11)) if padded and len(value) in (9, 10) else (value,)
        texts = (*texts, value.zfill(14)) if padded and len(value) in (12, 13) else texts
        kinds = {one.kind for one in _CHECKS for text in texts if one.shape.fullmatch(text) and one.valid(text)}
        for kind in kinds:
            counts[kind] = counts.get(kind, 0) + 1
    weak = {one.kind for one in _CHECKS if one.weak}
    for kind in dict.fromkeys(one.kind for one in _CHECKS):
        yield Share(kind, counts.get(kind, 0), len(values), kind in weak)


# -- phones ------------------------------------------------------------------------------------------------------------


def _phones(values: Sequence[str]) -> Share:
    """Numbers that exist, all in one country or with their own code; plain digits count as weak, for many numbers of
    other kinds look like them."""
    looked = values[:: max(1, len(values) // _MOST_PHONES)][:_MOST_PHONES]
    shaped = [one for one in looked if _PHONE_SHAPE.fullmatch(one) and not _DATE_SHAPE.fullmatch(one)]
    if len(shaped) * 20 < len(looked):
        return Share("phone", 0, len(values))
    regions: tuple[str | None, ...] = (None,) if all(one.startswith("+") for one in shaped) else _REGIONS
    best = 0
    for region in regions:
        best = max(best, sum(1 for one in shaped if _exists(one, region)))
        if best == len(shaped):
            break
    written = sum(1 for one in shaped if one.startswith("+") or re.search(r"\d\)? ?[-. ]?\d{3,4}[-. ]\d{4}|^\(", one))
    mobile = sum(1 for one in shaped if re.fullmatch(r"(55)?[1-9][1-9]9\d{8}|549\d{10}|521?\d{10}", one))
    sure = max(written, mobile) * 2 > len(shaped)
    return Share("phone", round(best * len(values) / len(looked)), len(values), weak=not sure)


def _exists(text: str, region: str | None) -> bool:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


# -- names -------------------------------------------------------------------------------------------------------------


@cache
def name_list(which: str) -> frozenset[str]:
    """The `given` or `family` names of Spain, Latin America, Brazil, Portugal and English-speaking countries."""
    text = files("resources").joinpath("names", f"{which}.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))


_LETTERS = re.compile(r"[^\W\d_]+(?:[ .,'’-]+[^\W\d_]+)*\.?")


def _names(values: Sequence[str]) -> Share:
    """Names of persons: a given and a family name, or, where all have one word, nearly always a name from the list."""
    lettered = [one for one in values if len(one) <= 80 and _LETTERS.fullmatch(one)]
    if len(lettered) * 2 < len(values) or len(set(lettered)) < min(_LEAST_DISTINCT_NAMES, max(3, len(values) // 2)):
        return Share("name", 0, len(values))
    given, family, count = name_list("given"), name_list("family"), 0
    for value in lettered:
        parts = [one for one in re.split(r"[^\w]+", plain(value)) if len(one) > 2 or one in ("sa", "de", "da")]
        if len(parts) == 1:
            count += parts[0] in given or parts[0] in family
        elif 2 <= len(parts) <= 8:
            named = any(one in given for one in parts[:-1]) and any(one in family for one in parts[1:])
            count += named or (parts[0] in family and parts[-1] in given)
    return Share("name", count, len(values), weak=all(" " not in one for one in lettered))

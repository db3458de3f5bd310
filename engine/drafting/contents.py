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

from engine.domain.national import CHECKED, canonical, card, iban
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
_BRAZILIAN_MOBILE = re.compile(r"(55)?[1-9][1-9]9[6-9]\d{7}")
_DATE_SHAPE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T].*)?")
_REGIONS = ("BR", "MX", "AR", "CO", "CL", "PE", "EC", "UY", "VE", "US", "ES", "PT")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True)
class Share:
    """How many of the known values that were looked at are of a kind; ``weak`` when a plain number often passes.
    ``country`` is the one whose document it is."""

    kind: str
    count: int
    of: int
    weak: bool = False
    country: str | None = None

    @property
    def part(self) -> float:
        """Between 0 and 1."""
        return self.count / self.of if self.of else 0.0


_WEAK = frozenset(
    {
        *(("rut", one) for one in ("CL", "UY")),
        *(("cedula", one) for one in ("DO", "EC", "UY")),
        *(("nit", one) for one in ("CO", "GT", "SV")),
        ("ruc", "PY"),
        ("dui", "SV"),
    }
)
"""Documents that one in about ten plain numbers passes for."""
_MOST_DOCUMENTS = 300
_DOCUMENT_SHAPE = re.compile(r"(?=(?:\D*\d){5})[\w .&/-]{7,22}")


def known(values: Iterable[str]) -> list[str]:
    """The values that say something, trimmed."""
    trimmed = (one.strip() for one in values)
    return [one for one in trimmed if not _MISSING.fullmatch(one)]


def shares(values: Sequence[str]) -> list[Share]:
    """The kinds that some of the values are, the most frequent first.

    >>> shares(["ana@x.com", "b@y.com.br", "-"])[0].part
    1.0
    """
    found = known(values[:MOST_VALUES])
    if not found:
        return []
    counted = [_share("email", found, _EMAIL.fullmatch), *_documents(found)]
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


def _documents(values: Sequence[str]) -> Iterator[Share]:
    """Documents whose digits check each other, by kind and country, and accounts and cards."""
    looked = _spread(values, _MOST_DOCUMENTS)
    shaped = [one for one in looked if _DOCUMENT_SHAPE.fullmatch(one)]
    for kind, country in sorted(CHECKED - {("cuil", "AR")}):
        count = sum(1 for one in shaped if canonical(kind, one, country) is not None)
        yield _scaled(kind, count, looked, values, weak=(kind, country) in _WEAK, country=country)
    yield _scaled("iban", sum(1 for one in looked if iban(one)), looked, values)
    yield _scaled("card", sum(1 for one in looked if card(one)), looked, values, weak=True)


def _spread(values: Sequence[str], most: int) -> Sequence[str]:
    """So many of the values at most, from all over them."""
    return values[:: max(1, -(-len(values) // most))]


def _scaled(
    kind: str,
    count: int,
    looked: Sequence[str],
    values: Sequence[str],
    *,
    weak: bool = False,
    country: str | None = None,
) -> Share:
    return Share(kind, round(count * len(values) / len(looked)), len(values), weak, country)


# -- phones ------------------------------------------------------------------------------------------------------------


def _phones(values: Sequence[str]) -> Share:
    """Numbers that exist, all in one country or with their own code; plain digits count as weak, for many numbers of
    other kinds look like them."""
    looked = _spread(values, _MOST_PHONES)
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
    brazilian = sum(1 for one in shaped if _BRAZILIAN_MOBILE.fullmatch(re.sub(r"\D", "", one)))
    country = "BR" if sure and brazilian * 5 >= 4 * len(shaped) else None
    return _scaled("phone", best, looked, values, weak=not sure, country=country)


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

"""The documents of persons and companies in Latin America and Spain: one canonical text for all ways to write one.

Every reader takes a text and gives the canonical text, or why there is none. Separators, outer blanks, lost leading
zeros (a spreadsheet takes a CPF for a number) and a ``.0`` at the end make no difference. The check digits come from
python-stdnum; what it lacks is written here with its source:

* CNPJ with letters (in force since July 2026): Receita Federal, Instrução Normativa 2.229/2024, known to stdnum.
* CUIL prefixes 25 and 26: AFIP, Resolución General 10/97 and its later tables.
* Uruguay's cédula: Dirección Nacional de Identificación Civil, weights 2 9 8 7 6 3 4, modulo 10.
* El Salvador's DUI: Ministerio de Hacienda, weights 9 … 2, modulo 10.
* Guatemala's CUI: RENAP, weights 2 … 9, modulo 11, then department and municipality.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import mul

from stdnum import iban as _iban
from stdnum import luhn
from stdnum.ar import cuit as _cuit
from stdnum.br import cnpj as _cnpj
from stdnum.cl import rut as _rut
from stdnum.co import nit as _nit_co
from stdnum.do import cedula as _cedula_do
from stdnum.ec import ci as _ci
from stdnum.ec import ruc as _ruc_ec
from stdnum.es import dni as _dni_es
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
from stdnum.gt import nit as _nit_gt
from stdnum.mx import curp as _curp
from stdnum.mx import rfc as _rfc
from stdnum.pe import cui as _cui_pe
from stdnum.pe import ruc as _ruc_pe
from stdnum.py import ruc as _ruc_py
from stdnum.sv import nit as _nit_sv
from stdnum.uy import rut as _rut_uy
from stdnum.ve import rif as _rif

from engine.domain.unusable import Reading, Unusable, plain, whole_number

Read = Callable[[str], Reading]
_SEPARATORS = str.maketrans("", "", " .-/\u00a0\u2010\u2011\u2012\u2013\u2014")
_CUIT_PREFIXES = frozenset({"20", "23", "24", "25", "26", "27", "30", "33", "34", "50", "51", "55"})
_UPWARDS = "0123456789012345"
_FIRST, _SECOND = tuple(range(10, 1, -1)), tuple(range(11, 1, -1))
_NOBODY = frozenset({
    "12345678909", "XAXX010101000", "XEXX010101000", "9999999999999", "CF", "C/F",
})  # fmt: skip
"""Numbers that stand for anybody: the CPF of examples, Mexico's RFC of the public and of foreigners, Ecuador's and
Guatemala's final consumer."""


# -- how texts are cleaned ---------------------------------------------------------------------------------------------


def _compact(text: str, prefix: str = "") -> str:
    """Capitals and digits without separators; the name of the document in front of it is left out."""
    found = (whole_number(text)).translate(_SEPARATORS).upper()
    return found.removeprefix(prefix).lstrip(":") if prefix else found


def _digits(text: str, length: int, least: int | None = None, prefix: str = "") -> Reading:
    """So many digits; leading zeros that were lost are put back, down to ``least`` digits."""
    found = _compact(text, prefix)
    if not (found.isascii() and found.isdigit()):
        return Unusable.FORM
    if not (length if least is None else least) <= len(found) <= length:
        return Unusable.LENGTH
    return _useful(found.zfill(length))


def _useful(digits: str) -> Reading:
    """A number of one digit only, or of all digits in their order, is what people type to get on."""
    if len(set(digits)) == 1 or digits in _NOBODY or _UPWARDS.startswith((digits, f"0{digits}")):
        return Unusable.PLACEHOLDER
    return digits


def _checked(validate: Callable[[str], object], found: Reading) -> Reading:
    """The text if its check digits hold."""
    if isinstance(found, Unusable):
        return found
    try:
        validate(found)
    except InvalidLength:
        return Unusable.LENGTH
    except InvalidChecksum:
        return Unusable.CHECK
    except (ValidationError, ValueError):
        return Unusable.FORM
    return found


# -- Brazil ------------------------------------------------------------------------------------------------------------


def _read_cpf(text: str) -> Reading:
    """Receita Federal's weights 10 … 2 and 11 … 2, modulo 11; written out, as the commonest kind by far."""
    found = _digits(text, 11, 8, "CPF")
    if isinstance(found, Unusable):
        return found
    codes = found.encode()
    first = (sum(map(mul, codes, _FIRST)) - 48 * 54) * 10 % 11 % 10
    second = (sum(map(mul, codes, _SECOND)) - 48 * 65) * 10 % 11 % 10
    return found if codes[9] == 48 + first and codes[10] == 48 + second else Unusable.CHECK


def _read_cnpj(text: str) -> Reading:
    """Fourteen digits, or twelve digits and letters with two check digits."""
    found = _compact(text, "CNPJ")
    if found.isdigit():
        return _checked(_cnpj.validate, _digits(found, 14, 12))
    if not (found.isascii() and found.isalnum()):
        return Unusable.FORM
    return _checked(_cnpj.validate, found) if len(found) == 14 else Unusable.LENGTH


# -- Mexico ------------------------------------------------------------------------------------------------------------


def _read_rfc(text: str) -> Reading:
    """Twelve characters of a company, thirteen of a person. Ten of a person lack the part that tells namesakes of one
    birthday apart, so they name nobody."""
    found = _compact(text.replace("_", ""), "RFC")
    if found in _NOBODY:
        return Unusable.PLACEHOLDER
    if not all((one.isascii() and one.isalnum()) or one in "&Ñ" for one in found):
        return Unusable.FORM
    if len(found) not in (12, 13):
        return Unusable.LENGTH
    return _checked(lambda value: _rfc.validate(value, validate_check_digits=True), found)


def _read_curp(text: str) -> Reading:
    found = _compact(text.replace("_", ""), "CURP")
    if not found.isalnum():
        return Unusable.FORM
    return _checked(_curp.validate, found)


# -- Argentina ---------------------------------------------------------------------------------------------------------


def _read_cuit(text: str) -> Reading:
    """CUIT and CUIL: of a person they are one number."""
    found = _digits(_compact(_compact(text, "CUIT"), "CUIL"), 11)
    if isinstance(found, Unusable):
        return found
    if found[:2] not in _CUIT_PREFIXES:
        return Unusable.FORM
    return found if _cuit.calc_check_digit(found[:-1]) == found[-1] else Unusable.CHECK


def _read_dni_ar(text: str) -> Reading:
    """Seven or eight digits without a check digit."""
    found = _digits(text, 8, 7, "DNI")
    return found if isinstance(found, Unusable) else found.lstrip("0")


# -- Chile, Uruguay ----------------------------------------------------------------------------------------------------


def _read_rut(text: str) -> Reading:
    """Chile's RUT or RUN: six to eight digits and the check digit, which may be K. Numbers of one digit, such as
    66.666.666-6 for the final consumer, name nobody."""
    found = _compact(_compact(_compact(text, "RUT"), "RUN"), "CL").lstrip("0")
    if not (found.isascii() and found[:-1].isdigit() and found[-1] in "0123456789K"):
        return Unusable.FORM
    if not 7 <= len(found) <= 9:
        return Unusable.LENGTH
    if found[-1] != _rut.calc_check_digit(found[:-1]):
        return Unusable.CHECK
    return Unusable.PLACEHOLDER if len(set(found[:-1])) == 1 or found[:-1] == "12345678" else found


def _read_rut_uy(text: str) -> Reading:
    return _checked(_rut_uy.validate, _digits(_compact(_compact(text, "UY"), "RUT"), 12, 11))


def _read_cedula_uy(text: str) -> Reading:
    """Seven digits (six of the oldest) and the check digit: the digits times 2 9 8 7 6 3 4, up to the next ten."""
    found = _digits(text, 8, 7, "CI")
    if isinstance(found, Unusable):
        return found
    total = sum(int(digit) * weight for digit, weight in zip(found, (2, 9, 8, 7, 6, 3, 4), strict=False))
    return found if -total % 10 == int(found[-1]) else Unusable.CHECK


# -- the Andes ---------------------------------------------------------------------------------------------------------


def _read_cedula_co(text: str) -> Reading:
    """Five to ten digits without a check digit (numbers of ten begin with 1)."""
    found = _digits(text, 10, 5, "CC")
    if isinstance(found, Unusable):
        return found
    found = found.lstrip("0")
    if not len(found) >= 5 or (len(found) == 10 and found[0] != "1"):
        return Unusable.LENGTH
    return _useful(found)


def _read_nit_co(text: str) -> Reading:
    """The number and its check digit. Nine digits that begin with 8 or 9, without a hyphen, are a company's number that
    lacks the check digit: it is added."""
    found = _compact(text, "NIT")
    if not (found.isascii() and found.isdigit()):
        return Unusable.FORM
    hyphen = "-" in text
    if len(found) == 9 and found[0] in "89" and not hyphen:
        found += _nit_co.calc_check_digit(found)
    if not 8 <= len(found) <= 11:
        return Unusable.LENGTH
    useful = _useful(found)
    return _checked(_nit_co.validate, useful if isinstance(useful, Unusable) else useful.lstrip("0"))


def _read_dni_pe(text: str) -> Reading:
    """Eight digits. The check character behind them is checked and left out, as most write the number without it."""
    found = _compact(text, "DNI")
    if len(found) == 9:
        checked = _checked(_cui_pe.validate, found)
        found = found[:8] if isinstance(checked, str) else found
        if isinstance(checked, Unusable):
            return checked
    return _digits(found, 8, 6)


def _read_ruc_pe(text: str) -> Reading:
    return _checked(_ruc_pe.validate, _digits(text, 11, None, "RUC"))


def _read_cedula_ec(text: str) -> Reading:
    return _checked(_ci.validate, _digits(text, 10, 9, "CI"))


def _read_ruc_ec(text: str) -> Reading:
    return _checked(_ruc_ec.validate, _digits(text, 13, 12, "RUC"))


def _read_cedula_ve(text: str) -> Reading:
    """V (born here) or E (foreigner) and up to nine digits; without a letter a number below 80 million is V."""
    found = _compact(text, "CI")
    letter, number = (found[0], found[1:]) if found[:1] in ("V", "E") else ("", found)
    digits = _digits(number, 9, 5)
    if isinstance(digits, Unusable):
        return digits
    digits = digits.lstrip("0")
    if len(digits) < 5:
        return Unusable.LENGTH
    useful = _useful(digits)
    return useful if isinstance(useful, Unusable) else (letter or ("V" if int(digits) < 80_000_000 else "E")) + digits


def _read_rif(text: str) -> Reading:
    found = _compact(text, "RIF")
    if found[:1] not in tuple("VEJPG") or not found[1:].isdigit():
        return Unusable.FORM
    return _checked(_rif.validate, found[0] + found[1:].zfill(9) if 8 <= len(found) <= 10 else found)


def _read_cedula_bo(text: str) -> Reading:
    """Four to eight digits and the complement that tells equal numbers apart (12345678-1A); where it was issued (LP,
    SC …) is left out."""
    found = re.fullmatch(r"(?:CI)?0*([1-9]\d{3,7})(?:-([0-9][A-Z]))?(?:LP|SC|CB|OR|PT|PO|TJ|CH|BE|BN|PA|PD)?",
                         re.sub(r"[ .]", "", whole_number(text)).upper())  # fmt: skip
    if found is None:
        return Unusable.FORM
    useful = _useful(found[1])
    return useful if isinstance(useful, Unusable) or found[2] is None else f"{useful}-{found[2]}"


def _read_cedula_py(text: str) -> Reading:
    found = _digits(text, 8, 5, "CI")
    return found if isinstance(found, Unusable) else found.lstrip("0")


def _read_ruc_py(text: str) -> Reading:
    found = _digits(text, 9, 6, "RUC")
    return _checked(_ruc_py.validate, found if isinstance(found, Unusable) else found.lstrip("0"))


# -- Central America, the Caribbean, Spain -----------------------------------------------------------------------------


def _read_cedula_cr(text: str) -> Reading:
    """Nine digits of a citizen (1-0613-0584, also 1-613-584 and 01-0613-0584), eleven or twelve of a resident."""
    parts = whole_number(text).replace(" ", "").split("-")
    if len(parts) == 3:
        parts = [parts[0].lstrip("0"), parts[1].zfill(4), parts[2].zfill(4)]
    found = _compact("".join(parts))
    if not (found.isascii() and found.isdigit()):
        return Unusable.FORM
    found = found[1:] if len(found) == 10 and found[0] == "0" else found
    if len(found) not in (9, 11, 12):
        return Unusable.LENGTH
    useful = _useful(found)
    return useful if isinstance(useful, Unusable) or useful[0] in "123456789" else Unusable.FORM


def _read_cedula_pa(text: str) -> Reading:
    """Province or letters, volume and entry: 8-123-456, E-8-12345, PE-1-123, 8-NT-1-123."""
    found = [one.lstrip("0") or "0" for one in re.sub(r"\s", "", text).upper().split("-")]
    if not (3 <= len(found) <= 4 and all(one.isascii() and one.isalnum() for one in found)):
        return Unusable.FORM
    if not re.fullmatch(r"(1[0-3]|[1-9])?(AV|PI|PE|E|N)?", found[0]) or not found[-1].isdigit() or len(found[-1]) > 6:
        return Unusable.FORM
    return "-".join(found)


def _read_cedula_ni(text: str) -> Reading:
    """Three digits of the municipality, the birthday (ddmmyy), four digits and a letter."""
    found = _compact(text)
    if len(found) != 14:
        return Unusable.LENGTH
    return found if re.fullmatch(r"\d{3}(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{6}[A-Y]", found) else Unusable.FORM


def _read_cedula_do(text: str) -> Reading:
    return _checked(_cedula_do.validate, _digits(text, 11, 10))


def _read_dni_hn(text: str) -> Reading:
    """Thirteen digits: municipality (department 01 to 18), year of registration, number."""
    found = _digits(text, 13, 12, "DNI")
    if isinstance(found, Unusable):
        return found
    sound = "01" <= found[:2] <= "18" and found[2:4] != "00" and "1850" <= found[4:8] <= "2099"
    return found if sound else Unusable.FORM


def _read_dui(text: str) -> Reading:
    """Nine digits, the last of which checks the others: the sum of digit times 9 … 2, up to the next ten."""
    found = _digits(text, 9, 7, "DUI")
    if isinstance(found, Unusable):
        return found
    total = sum(int(digit) * weight for digit, weight in zip(found, range(9, 1, -1), strict=False))
    return found if -total % 10 == int(found[-1]) else Unusable.CHECK


def _read_cui(text: str) -> Reading:
    """Guatemala's CUI: eight digits, their check digit (digit times 2 … 9, modulo 11), department and municipality."""
    found = _digits(text, 13, None, "CUI")
    if isinstance(found, Unusable):
        return found
    if not ("01" <= found[9:11] <= "22" and found[11:] != "00"):
        return Unusable.FORM
    total = sum(int(digit) * weight for digit, weight in zip(found, range(2, 10), strict=False))
    return found if total % 11 == int(found[8]) else Unusable.CHECK


def _read_nit_gt(text: str) -> Reading:
    found = _compact(text, "NIT").lstrip("0")
    if found in _NOBODY:
        return Unusable.PLACEHOLDER
    if not 5 <= len(found) <= 12:
        return Unusable.LENGTH
    checked = _checked(_nit_gt.validate, found)
    return Unusable.PLACEHOLDER if checked == found and len(set(found)) == 1 else checked


def _read_nit_sv(text: str) -> Reading:
    """Fourteen digits; since 2021 a person's DUI serves as well."""
    found = _compact(_compact(text, "NIT"), "SV")
    return _read_dui(found) if len(found) == 9 else _checked(_nit_sv.validate, _digits(found, 14, 13))


def _read_dni_es(text: str) -> Reading:
    found = _compact(text, "DNI")
    if not 8 <= len(found) <= 9:
        return Unusable.LENGTH
    return _checked(_dni_es.validate, found.zfill(9))


# -- the table ---------------------------------------------------------------------------------------------------------

DOCUMENTS: Mapping[str, Mapping[str, Read]] = {
    "cpf": {"BR": _read_cpf},
    "cnpj": {"BR": _read_cnpj},
    "rfc": {"MX": _read_rfc},
    "curp": {"MX": _read_curp},
    "cuit": {"AR": _read_cuit},
    "cuil": {"AR": _read_cuit},
    "rut": {"CL": _read_rut, "UY": _read_rut_uy},
    "dni": {"AR": _read_dni_ar, "PE": _read_dni_pe, "HN": _read_dni_hn, "ES": _read_dni_es},
    "cedula": {
        "BO": _read_cedula_bo, "CO": _read_cedula_co, "CR": _read_cedula_cr, "DO": _read_cedula_do,
        "EC": _read_cedula_ec, "NI": _read_cedula_ni, "PA": _read_cedula_pa, "PY": _read_cedula_py,
        "UY": _read_cedula_uy, "VE": _read_cedula_ve,
    },
    "nit": {"CO": _read_nit_co, "GT": _read_nit_gt, "SV": _read_nit_sv},
    "ruc": {"EC": _read_ruc_ec, "PE": _read_ruc_pe, "PY": _read_ruc_py},
    "rif": {"VE": _read_rif},
    "dui": {"SV": _read_dui},
    "cui": {"GT": _read_cui},
}  # fmt: skip
"""Readers by kind and country. A kind of one country, or Chile's RUT, needs no country; any other does."""
_USUAL = {"rut": "CL"}
CHECKED = frozenset(
    (kind, country)
    for kind, readers in DOCUMENTS.items()
    for country in readers
    if (kind, country) not in {("dni", "AR"), ("dni", "PE"), ("dni", "HN")}
    and not (kind == "cedula" and country not in ("DO", "EC", "UY"))
)
"""Kinds, by country, whose check digits tell them from any other number: a column can be recognised by its values."""


def country_of(kind: str, country: str | None) -> str | None:
    """The country whose document is meant: the given one where it has such a document, else the only or usual one."""
    readers = DOCUMENTS[kind]
    if country in readers:
        return country
    return next(iter(readers)) if len(readers) == 1 else (_USUAL.get(kind) if country is None else None)


def read(kind: str, text: str, country: str | None = None) -> Reading:
    """The canonical text of a document of a kind (see ``DOCUMENTS``) and country (ISO 3166), or why there is none."""
    place = country_of(kind, country)
    if place is None:
        return Unusable.COUNTRY
    found = plain(text)
    return Unusable.FORM if found is None else DOCUMENTS[kind][place](found)


def canonical(kind: str, text: str, country: str | None = None) -> str | None:
    """The same; None where the text is no such document."""
    found = read(kind, text, country)
    return found if isinstance(found, str) else None


def share_of(kind: str, texts: Iterable[str], country: str | None = None) -> float:
    """The share of texts (0 to 1) that are such documents; 0 without a text. Placeholders do not count either way."""
    good = bad = 0
    for text in texts:
        found = read(kind, text, country)
        good += isinstance(found, str)
        bad += isinstance(found, Unusable) and found is not Unusable.PLACEHOLDER
    return good / (good + bad) if good + bad else 0.0


def iban(text: str) -> str | None:
    """A bank account's IBAN without separators; None where the text is none."""
    found = plain(text)
    return _compact(found) if found is not None and _iban.is_valid(_compact(found), check_country=False) else None


def card(text: str) -> str | None:
    """The digits of a payment card's number: 13 to 19, of a known network, with Luhn's check digit; else None."""
    found = plain(text)
    digits = "" if found is None else whole_number(found).replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19) or digits[0] not in "23456":
        return None
    return digits if len(set(digits)) > 1 and luhn.is_valid(digits) else None

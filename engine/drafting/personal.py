"""Personal data by values, with names as a hint: what a column says of a person, how sure that is, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.domain.national import DOCUMENTS
from engine.drafting.contents import Share
from engine.drafting.survey import Column
from engine.drafting.words import PERSON, THINGS, is_key_name, listed, plain, singular, words
from engine.sql.columns import Physical

IDENTIFYING = frozenset({"email", "phone", "document", "device", "ip", *DOCUMENTS})
"""Kinds that identify a person: no rules are built on them."""
HIDDEN = IDENTIFYING | {"card", "iban"}
"""Kinds that are neither traits nor properties."""
_BY_NAME: Mapping[str, str] = {
    "email": r"\be ?mail|\bcorreo\b|\bmail\b",
    "phone": r"\b(tele)?phone|\bcelular|\btelefone|\btelefono|\bmobile\b|\bwhatsapp|\bfone\b|\bmovil\b|\bmsisdn\b|"
    r"\btel\b",
    "document": r"^(cpf|cnpj|rut|curp|dni|rg|rfc|cuit|cuil|cedula|nit|ruc|rif|dui|cui|passport|pasaporte|passaporte)\b|"
    r"\b(cpf|cnpj|curp|dni|rfc|cuit|cuil|cedula)$|\btax id\b|\bdocument number\b|"
    r"^(nro|num|numero)( de)? documento$|^documento$",
    "name": r"^(first|last|full|sur|middle|family|given)? ?name$|^(first|last|full|sur)name$|\bnombre|^nome\b|"
    r"\bapellido|\bsobrenome|^(customer|client|cliente|user|person|contact) (full )?(name|nome|nombre)$",
    "address": r"\baddress|\bendereco|\bdireccion|\bzip\b|\bpostal|\bcep\b|\bstreet|^lat$|^lon$|^lng$|\blatitude\b|"
    r"\blongitude\b|\blatitud\b|\blongitud\b|\blogradouro\b|\bdomicilio\b|\bcodigo postal\b|\bpostcode\b",
    "device": r"\bdevice id\b|\bcookie\b|\bidfa\b|\bgaid\b|\bidfv\b|\badvertising id\b",
    "ip": r"\bip addr|^ip$|\bip$",
    "birth": r"\bbirth|\bnascimento|\bnacimiento|^dob$|\bbirthday\b|\baniversario\b|\bcumpleanos\b",
    "card": r"\b(card|cartao|tarjeta) (number|numero|num|no)\b|^(numero|num|nro) (de |do )?(cartao|tarjeta)$|^pan$",
    "iban": r"^iban$",
}  # fmt: skip
_THINGS_NAMED = THINGS - {"customer"}
_WORDS_FOR_KIND = {
    "email": "e-mail addresses", "phone": "phone numbers", "name": "names of persons", "card": "card numbers (Luhn)",
    "iban": "bank accounts (IBAN)", "ip": "IP addresses", "street": "street addresses", "postal": "postal codes",
    "birth": "dates of birth", "device": "identifiers of devices", "document": "identity documents",
    "address": "postal addresses",
    "cpf": "valid CPF", "cnpj": "valid CNPJ", "curp": "valid CURP", "rfc": "valid RFC", "cuit": "valid CUIT or CUIL",
    "rut": "valid RUT", "dni": "valid DNI", "cedula": "valid cédulas", "nit": "valid NIT", "ruc": "valid RUC",
    "rif": "valid RIF", "dui": "valid DUI", "cui": "valid CUI", "email_within": "texts with an e-mail address",
}  # fmt: skip
_DIALLED = re.compile(r"\D*(\d\D{0,2}){7,15}")
_DIALLED_FLOAT = re.compile(r"\d{7,15}\.0+")
"""A phone in a column that an empty cell made a float."""
_TRUTHS = listed(
    """
    s n sim nao si no sn yes y true false t f verdadeiro falso verdadero 0 1 v x on off aceito aceita acepta acepto
    accepted rejected optin optout opted_in opted_out granted denied
    """
)


@dataclass(frozen=True)
class Finding:
    """The kind of personal data a column holds, None for none; ``unsure`` when a person should decide."""

    kind: str | None
    confidence: float
    evidence: str

    @property
    def unsure(self) -> bool:
        """Whether name and values do not agree, or too few values do."""
        return self.confidence < 0.9


def is_truth(found: Column) -> bool:
    """Whether a column says yes and no: a boolean, or text and numbers such as S and N, sim and não, 0 and 1."""
    if found.physical is Physical.BOOLEAN:
        return True
    if found.physical not in (Physical.TEXT, Physical.INTEGER):
        return False
    said = {plain(one) for one in found.different}
    return 1 <= len(said) <= 2 and said <= _TRUTHS


def name_kind(column: str) -> str | None:
    """The kind of personal data a column's name suggests.

    >>> [name_kind(one) for one in ("e_mail", "user_phone", "CPF", "latest_order", "nome", "zip_code")]
    ['email', 'phone', 'document', None, 'name', 'address']
    """
    said = " ".join(words(column))
    return next((kind for kind, pattern in _BY_NAME.items() if re.search(pattern, said)), None)


def told(share: Share) -> str:
    """A share as a sentence.

    >>> told(Share("email", 97, 100))
    '97 % of 100 values are e-mail addresses'
    """
    percent = 100 * share.part
    written = f"{percent:.0f}" if percent >= 1 or not percent else "less than 1"
    return f"{written} % of {share.of:,} values are {_WORDS_FOR_KIND.get(share.kind, share.kind)}"


def personal(found: Column) -> Finding:
    """What the column's values and name say together. Values overrule names."""
    if is_truth(found):
        return Finding(None, 1.0, "its values are yes and no")
    by_name = name_kind(found.name)
    by_values = _by_values(found, by_name)
    if by_values is not None:
        return by_values
    return _by_name(found, by_name) if by_name is not None else _birth(found) or Finding(None, 1.0, "")


def _by_values(found: Column, by_name: str | None) -> Finding | None:
    shares = {one.kind: one for one in reversed(found.shares)}
    if by_name == "document" and (best := next((one for one in found.shares if one.kind in DOCUMENTS), None)):
        wanted = [one for one in words(found.name) if one in DOCUMENTS]
        named = shares.get({"cuil": "cuit"}.get(wanted[0], wanted[0])) if wanted else None
        share = best if named is None else named
        if share.part >= 0.3:
            return Finding(share.kind, 0.99 if share.part >= 0.8 else 0.9, told(share))
    is_key = is_key_name(found.name) and by_name is None
    for share in found.shares:
        kind = {"street": "address", "postal": "address", "email_within": "text"}.get(share.kind, share.kind)
        if share.kind == "hash":
            continue
        agrees = by_name == kind or (by_name == "document" and kind in DOCUMENTS)
        if share.kind == "name":
            finding = _name(found, share, by_name)
            if finding is not None:
                return finding
            continue
        if share.weak and not agrees:
            if share.part >= 0.9 and share.of >= 20 and not is_key and found.physical is Physical.TEXT:
                return Finding(kind, 0.7, told(share))
            continue
        if share.part >= 0.8 and (share.of >= 3 or agrees):
            return Finding(kind, 0.99 if share.of >= 20 or agrees else 0.8, told(share))
        if share.part >= (0.3 if agrees else 0.05) and (share.count >= 3 or agrees):
            return Finding(kind, 0.95 if agrees else 0.6, told(share))
    return None


def _name(found: Column, share: Share, by_name: str | None) -> Finding | None:
    about_things = bool(_spoken(found) & _THINGS_NAMED)
    if share.weak:  # one word each: towns, brands and colours bear names too
        if by_name == "name" and share.part >= 0.3 and not about_things:
            return Finding("name", 0.95, told(share))
        sure = share.part >= 0.85 and share.of >= 20 and not about_things
        return Finding("name", 0.7, told(share)) if sure else None
    if by_name == "name" and not about_things and share.part >= 0.2:
        return Finding("name", 0.97, told(share))
    if share.part >= 0.6:
        return Finding("name", 0.7 if about_things else 0.92, told(share))
    return Finding("name", 0.6, told(share)) if share.part >= 0.4 and not about_things else None


def _spoken(found: Column) -> frozenset[str]:
    return frozenset(singular(one) for one in words(found.name))


def _by_name(found: Column, kind: str) -> Finding:
    """The name says so, and the values do not."""
    looked, different = len(found.known), len(found.different)
    words_for = _WORDS_FOR_KIND.get(kind, kind)
    if not looked:
        return Finding(kind, 0.9, f"its name speaks of {words_for}, and it has no values")
    said = f"its name speaks of {words_for}"
    against = f"{said}, but none of {looked:,} values is one"
    match kind:
        case "email" | "phone" | "document" | "card" | "iban":
            if any(one.kind == "hash" and one.part >= 0.8 for one in found.shares):
                return Finding("hashed", 0.95, f"{said}, and its values are hashes")
            shape = _DIALLED_FLOAT if found.physical in (Physical.FLOAT, Physical.DECIMAL) else _DIALLED
            dialled = sum(bool(shape.fullmatch(one)) for one in found.known)
            if kind == "phone" and dialled * 2 > looked:
                return Finding("phone", 0.9, f"{said}, and most of {looked:,} values have seven digits or more")
            digits = sum(any(letter.isdigit() for letter in one) for one in found.known)
            few = different <= max(2, min(20, looked // 4))
            numbers = found.physical not in (Physical.TEXT, Physical.INTEGER)
            if numbers or few or (kind != "email" and digits * 2 < looked):
                return Finding(None, 1.0, against)
            if kind == "document":
                return Finding(kind, 0.9, said)
            small = found.physical is Physical.INTEGER and all(len(one) < 6 for one in found.different)
            return Finding(None, 1.0, against) if small else Finding(kind, 0.6, against)
        case "name":
            table = frozenset(singular(one) for one in words(found.table))
            things = (_spoken(found) | (table if not table & PERSON else frozenset())) & _THINGS_NAMED
            if things or found.physical is not Physical.TEXT:
                return Finding(None, 1.0, f"{said}, but of things")
            return Finding(kind, 0.6 if looked >= 20 else 0.9, said)
        case "device" | "ip":
            few = different <= max(2, min(10, looked // 4))
            return Finding(None, 1.0, against) if few else Finding(kind, 0.9, said)
        case _:
            return Finding(kind, 0.9, said)


def _birth(found: Column) -> Finding | None:
    """A date column over decades of lives, in a table of persons."""
    if (
        found.physical not in (Physical.DATE, Physical.NAIVE)
        or not {singular(one) for one in words(found.table)} & PERSON
    ):
        return None
    years = [int(one[:4]) for one in found.known if one[:4].isdigit()]
    lived = sum(1925 <= year <= 2015 for year in years)
    if len(set(years)) < 15 or lived < 0.95 * len(years) or max(years) - min(years) < 25:
        return None
    percent = 100 * lived / len(years)
    return Finding("birth", 0.8, f"{percent:.0f} % of {len(years):,} values lie between 1925 and 2015, over decades")

"""E-mail addresses and phone numbers: one canonical text for every way to write one."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from engine.domain.contacts import CONTACTS, read_email, read_phone
from engine.domain.unusable import Unusable

FORM, LENGTH, COUNTRY = Unusable.FORM, Unusable.LENGTH, Unusable.COUNTRY


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  José.Silva@Exemplo.COM.br ", "josé.silva@exemplo.com.br"),
        ("ａna@exemplo.com", "ana@exemplo.com"),
        ("ana@exemplo.com\u200b", "ana@exemplo.com"),
        ("ana@niño.com", "ana@xn--nio-8ma.com"),
        ("ANA@NIÑO.COM", "ana@xn--nio-8ma.com"),
        ("ana@nin\u0303o.com", "ana@xn--nio-8ma.com"),
        ("ana@xn--nio-8ma.com", "ana@xn--nio-8ma.com"),
        ("ana@XN--NIO-8MA.com", "ana@xn--nio-8ma.com"),
        ("joão@ação.com.br", "joão@xn--ao-siap.com.br"),
        ("o'brien+tag@sub.a-b.co", "o'brien+tag@sub.a-b.co"),
        ("a@@b.com", FORM),
        ("a@b..c", FORM),
        ("a@b@c.com", FORM),
        ("mailto:", FORM),
        ("mailto:ana@exemplo.com", FORM),
        ("ana@exemplo", FORM),
        ("ana@localhost", FORM),
        ("ana@10.0.0.1", FORM),
        ("ana.@exemplo.com", FORM),
        (".ana@exemplo.com", FORM),
        ("a..b@exemplo.com", FORM),
        ("ana@exemplo.com.", FORM),
        ("ana@-exemplo.com", FORM),
        ("ana@ex_emplo.com", FORM),
        ("ana b@exemplo.com", FORM),
        ('"ana b"@exemplo.com', FORM),
        ("Ana <ana@exemplo.com>", FORM),
        ("ana@exemplo.com;bia@exemplo.com", FORM),
        ("ana@ñ..com", FORM),
        ("an\x00a@exemplo.com", FORM),
        ("a" * 65 + "@exemplo.com", LENGTH),
        ("ana@" + "a" * 60 + ("." + "a" * 60) * 4 + ".com", LENGTH),
        ("", FORM),
    ],
)
def test_addresses(text: str, found: str | Unusable) -> None:
    assert read_email(text) == found
    assert CONTACTS["email"](text, "BR") == found


BR, MX, AR = "+5511987654321", "+525512345678", "+5491123456789"


@pytest.mark.parametrize(
    ("country", "found", "texts"),
    [
        ("BR", BR, ["(11) 98765-4321", "11987654321", "5511987654321", "+55 11 98765-4321", "0 11 98765-4321",
                    "015 11 98765-4321", "005511987654321", "+55 (0)11 98765-4321", "11987654321.0",
                    "1.1987654321E10", "tel:+55-11-98765-4321", "(11)98765–4321", "+55 11 98765-4321 ramal 12",
                    "\u202a+55 11 98765-4321\u202c", "11 9 8765 4321"]),
        ("BR", BR, ["(11) 8765-4321", "1187654321", "+55 11 8765-4321", "551187654321", "0151187654321"]),
        ("BR", "+5521967654321", ["21 6765-4321"]),
        ("BR", "+551137654321", ["(11) 3765-4321", "551137654321", "1137654321.0"]),
        ("BR", "+551177654321", ["(11) 7765-4321"]),
        ("MX", MX, ["55 1234 5678", "+52 1 55 1234 5678", "5215512345678", "525512345678", "044 55 1234 5678",
                    "045 55 1234 5678", "01 55 1234 5678", "1 55 1234 5678", "+52 044 55 1234 5678",
                    "5512345678.0"]),
        ("AR", AR, ["+54 9 11 2345-6789", "011 15-2345-6789", "11 15 2345 6789", "+54 11 15 2345 6789",
                    "5491123456789", "0054 9 11 2345 6789"]),
        ("AR", "+5493515123456", ["0351 15 512 3456", "+54 9 351 512-3456"]),
        ("AR", "+541143211234", ["011 4321-1234", "+54 11 4321-1234", "541143211234"]),
        ("CO", "+573001234567", ["300 123 4567", "57 300 1234567", "+57 300 1234567", "3001234567.0"]),
        ("CO", "+576012345678", ["(601) 234 5678", "+57 1 234 5678", "(1) 234 5678", "60 1 2345678"]),
        ("CL", "+56987654321", ["9 8765 4321", "09 8765 4321", "8765 4321", "+56 8765 4321", "+56 9 8765 4321"]),
        ("CL", "+56221234567", ["2 2123 4567", "+56 2 2123 4567"]),
        ("PE", "+51987654321", ["987 654 321", "51987654321", "0051 987654321"]),
        ("UY", "+59899123456", ["099 123 456", "99123456", "+598 99 123 456"]),
        ("EC", "+593991234567", ["099 123 4567", "991234567", "593991234567"]),
        ("EC", "+593991234567", ["09 123 4567"]),
        ("VE", "+584141234567", ["0414-1234567", "4141234567", "+58 414 1234567"]),
        ("CR", "+50688881234", ["8888-1234", "+506 8888 1234"]),
        ("GT", "+50251234567", ["5123 4567", "50251234567"]),
        ("SV", "+50371234567", ["7123-4567"]),
        ("HN", "+50491234567", ["9123-4567"]),
        ("NI", "+50581234567", ["8123 4567"]),
        ("PA", "+50761234567", ["6123-4567"]),
        ("DO", "+18095551234", ["809-555-1234", "1 809 555 1234"]),
        ("PY", "+595981123456", ["0981 123456", "981123456"]),
        ("BO", "+59171234567", ["71234567", "591 71234567"]),
        (None, BR, ["+55 11 98765-4321", "+55 11 8765-4321", "005511987654321"]),
        (None, MX, ["+52 1 55 1234 5678"]),
    ],
)  # fmt: skip
def test_phones(country: str | None, found: str, texts: list[str]) -> None:
    assert {text: read_phone(text, country) for text in texts} == dict.fromkeys(texts, found)
    assert read_phone(found, country) == found


@pytest.mark.parametrize(
    ("text", "country", "why"),
    [
        ("11 98765-4321", None, COUNTRY),
        ("123", None, COUNTRY),
        ("123", "BR", LENGTH),
        ("98765-4321", "BR", FORM),
        ("+55 10 98765-4321", "BR", FORM),
        ("+999 123456789", None, FORM),
        ("1198765432100000", "BR", LENGTH),
        ("11 98765-4321 / 11 3333-4444", "BR", LENGTH),
        ("1.19877E+10", "BR", FORM),
        ("not a number", "BR", FORM),
        ("11\x009", "BR", FORM),
        ("", "BR", FORM),
    ],
)
def test_what_is_no_number_tells_why(text: str, country: str | None, why: Unusable) -> None:
    assert read_phone(text, country) is why


def test_what_phonenumbers_holds_for_valid_stays_as_it_is() -> None:
    chance = random.Random(11)
    countries = ["BR", "MX", "AR", "CO", "CL", "PE", "UY", "EC", "VE", "GT", "DO", "US", "ES", "IT"]
    differing, valid = [], 0
    for _ in range(4_000):
        country = chance.choice(countries)
        digits = "".join(chance.choice("0123456789") for _ in range(chance.randrange(7, 14)))
        text = chance.choice(["", "0", "+", "(0)"]) + digits
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            valid += 1
            wanted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            differing += [(text, country)] if read_phone(text, country) != wanted else []
    assert valid > 150
    assert differing == []

"""What values are is counted right for every kind, and plain numbers are none."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cnpj, cpf
from stdnum.cl import rut

from engine.drafting.contents import name_list, shares

RNG = random.Random(20_261)


def digits(count: int) -> str:
    return str(RNG.randint(1, 9)) + "".join(str(RNG.randint(0, 9)) for _ in range(count - 1))


def made_cpf() -> str:
    base = digits(9)
    return base + str(cpf._calc_check_digits(base))


def made_card() -> str:
    base = "4" + digits(14)
    return base + str(luhn.calc_check_digit(base))


def made_rut() -> str:
    base = "1" + digits(7)
    return f"{base}-{rut.calc_check_digit(base)}"


def made_cuit() -> str:
    while True:
        base = "20" + digits(8)
        digit = str(cuit.calc_check_digit(base))
        if digit.isdigit():
            return f"20-{base[2:]}-{digit}"


def made_name() -> str:
    return f"{RNG.choice(GIVEN).title()} {RNG.choice(FAMILY).title()}"


GIVEN, FAMILY = sorted(name_list("given")), sorted(name_list("family"))
MADE: dict[str, Callable[[], str]] = {
    "email": lambda: f"{RNG.choice(GIVEN)}.{digits(3)}@correo{digits(1)}.com.mx",
    "cpf": made_cpf,
    "card": made_card,
    "rut": made_rut,
    "cuit": made_cuit,
    "cnpj": lambda: cnpj.format((base := digits(8) + "0001") + str(cnpj.calc_check_digits(base))),
    "iban": lambda: f"PT{iban.calc_check_digits('PT00' + (body := digits(21)))}{body}",
    "phone": lambda: f"({RNG.choice([11, 21, 31, 41, 51])}) 9{digits(4)}-{digits(4)}",
    "name": made_name,
    "ip": lambda: ".".join(str(RNG.randint(0, 255)) for _ in range(4)),
    "street": lambda: f"Rua {RNG.choice(FAMILY).title()}, {digits(3)}",
}


@pytest.mark.parametrize("kind", MADE)
def test_each_kind_is_counted(kind: str) -> None:
    values = [MADE[kind]() for _ in range(200)]
    found = {one.kind: one for one in shares([*values, "", "N/A", "-", "null"])}
    assert found[kind].of == 200
    assert found[kind].part >= 0.9, found
    assert shares(values)[0].kind == kind


@pytest.mark.parametrize(
    "make",
    [
        lambda: digits(11),
        lambda: digits(14),
        lambda: f"{RNG.randint(2020, 2026)}-{RNG.randint(1, 12):02}-{RNG.randint(1, 28):02}",
        lambda: f"SKU-{digits(6)}",
        lambda: f"{digits(3)}.{digits(2)}",
        lambda: RNG.choice(["moveis decoracao", "beleza saude", "esporte lazer", "cama mesa", "informatica"]),
        lambda: "".join(RNG.choice("0123456789abcdef") for _ in range(24)),
    ],
    ids=["eleven digits", "fourteen digits", "dates", "articles", "amounts", "categories", "object ids"],
)
def test_other_values_are_no_personal_data(make: Callable[[], str]) -> None:
    found = shares([make() for _ in range(300)])
    assert [one for one in found if one.part >= 0.5 and not one.weak] == []


def test_leading_zeros_that_a_number_lost_come_back() -> None:
    values = [str(int(f"0{(base := '0' + digits(8))}{cpf._calc_check_digits(base)}")) for _ in range(50)]
    assert shares(values)[0].kind == "cpf"


def test_an_address_in_a_text_is_seen() -> None:
    values = ["me escriban a ana@x.com.mx por favor", *(f"llegó tarde {one}" for one in range(9))]
    assert {one.kind: one.count for one in shares(values)}["email_within"] == 1


def test_the_form_of_brazilian_mobiles_says_the_country() -> None:
    brazilian = shares([f"119{RNG.randint(6000, 9999)}{digits(4)}" for _ in range(100)])[0]
    assert (brazilian.kind, brazilian.country, brazilian.weak) == ("phone", "BR", False)
    chilean = next(one for one in shares([f"+569{digits(8)}" for _ in range(100)]) if one.kind == "phone")
    assert chilean.country is None

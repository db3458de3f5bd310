"""Personal data are found by their values; a name alone neither makes nor hides them."""

from __future__ import annotations

import random

import pytest
from stdnum.br import cpf

from engine.drafting.contents import name_list
from engine.drafting.personal import personal
from engine.drafting.survey import Column

RNG = random.Random(5)
GIVEN, FAMILY = sorted(name_list("given")), sorted(name_list("family"))
ADDRESSES = [f"{RNG.choice(GIVEN)}{at}@correo.mx" for at in range(100)]
NAMES = [f"{RNG.choice(GIVEN)} {RNG.choice(FAMILY)}".title() for _ in range(100)]
CPFS = [(base := f"{RNG.randint(1, 10**9 - 1):09}") + str(cpf._calc_check_digits(base)) for _ in range(100)]
WORDS = [RNG.choice(["moda", "hogar", "juguetes", "deportes", "libros"]) for _ in range(100)]
NUMBERS = [str(RNG.randint(0, 40)) for _ in range(100)]


def column(name: str, values: list[str], type_name: str = "VARCHAR", table: str = "clientes") -> Column:
    return Column(table, name, type_name, tuple(values), len(values))


@pytest.mark.parametrize(
    ("found", "kind", "unsure"),
    [
        (column("e_mail", ADDRESSES), "email", False),
        (column("x1", ADDRESSES), "email", False),
        (column("user_id", ADDRESSES), "email", False),
        (column("aceita_email", ["S", "N"] * 50), None, False),
        (column("email_opens", NUMBERS, "BIGINT"), None, False),
        (column("email_ok", ["true"] * 9, "BOOLEAN"), None, False),
        (column("email_type", WORDS), None, False),
        (column("email", [f"cliente{at}" for at in range(100)]), "email", True),
        (column("email", [f"{RNG.getrandbits(256):064x}" for _ in range(100)]), "hashed", False),
        (column("email", []), "email", False),
        (column("doc", CPFS), "cpf", False),
        (column("documento", CPFS), "cpf", False),
        (column("cpf", [one.lstrip("0") for one in CPFS], "BIGINT"), "cpf", False),
        (column("id_pedido", [str(RNG.randint(10**10, 10**11)) for _ in range(100)]), None, False),
        (column("titular", NAMES), "name", False),
        (column("nome", NAMES), "name", False),
        (column("nome_produto", WORDS, table="produtos"), None, False),
        (column("name", WORDS, table="stores"), None, False),
        (column("cidade", ["São Paulo", "Rio de Janeiro", "Belo Horizonte", "Curitiba", "Santos"] * 20), None, False),
        (column("latest_order", WORDS), None, False),
        (column("lat", ["-23.5"] * 9, "DOUBLE"), "address", False),
        (column("notes", [*ADDRESSES[:10], *WORDS[:90]]), "email", True),
        (column("phone_score", ["0.1234567891"] * 20, "DOUBLE"), None, False),
        (column("telefone", [f"11987{at:06}.0" for at in range(100)], "DOUBLE"), "phone", False),
        (column("birth_date", ["1980-01-01"] * 3, "DATE"), "birth", False),
        (column("dt", [f"{1940 + at % 60}-01-01" for at in range(100)], "DATE"), "birth", True),
        (column("dt", [f"{2020 + at % 6}-01-01" for at in range(100)], "DATE"), None, False),
    ],
    ids=lambda one: f"{one.name} {one.type}" if isinstance(one, Column) else str(one),
)
def test_values_overrule_names(found: Column, kind: str | None, unsure: bool) -> None:
    finding = personal(found)
    assert (finding.kind, finding.unsure) == (kind, unsure), finding


def test_the_evidence_holds_no_value() -> None:
    for values in (ADDRESSES, NAMES, CPFS):
        said = personal(column("x", values)).evidence
        assert "% of 100 values are" in said
        assert not any(value in said for value in values)

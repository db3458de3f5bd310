"""Names of tables and columns are understood in three languages."""

from __future__ import annotations

import pytest

from engine.drafting.words import entity, is_key_name, is_person, singular, words


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("cartoes", "cartao"),
        ("cartões", "cartão"),
        ("promociones", "promocion"),
        ("viagens", "viagem"),
        ("animais", "animal"),
        ("vendedores", "vendedor"),
        ("canales", "canal"),
        ("cidades", "cidade"),
        ("ciudades", "ciudad"),
        ("categories", "category"),
        ("boxes", "box"),
        ("purchases", "purchase"),
        ("stores", "store"),
        ("phones", "phone"),
        ("tokens", "token"),
        ("address", "address"),
        ("main.order_items", "order_item"),
        ("dados", "dados"),
    ],
)
def test_one_of_many(many: str, one: str) -> None:
    assert singular(many) == one


@pytest.mark.parametrize(
    ("name", "key", "meant"),
    [
        ("id_cliente", True, "cliente"),
        ("CodCliente", True, "cliente"),
        ("cd_cliente", True, "cliente"),
        ("NroSocio", True, "socio"),
        ("customerid", True, "customer"),
        ("codigo", True, None),
        ("matricula", True, "matricula"),
        ("postal_code", False, "postal"),
        ("cod_pais", False, "pais"),
        ("paid", False, "paid"),
        ("order_number", True, "order"),
        ("numero_de_cliente", True, "de cliente"),
        ("numero_de_hijos", False, "de hijo"),
        ("number_of_cds", False, "of cd"),
    ],
)
def test_keys_are_seen_by_their_names(name: str, key: bool, meant: str | None) -> None:
    assert (is_key_name(name), entity(name)) == (key, meant)


def test_persons_and_things() -> None:
    persons = ("clientes", "tb_clientes", "id_cliente", "user_id", "Socios", "dim_customer", "alunos")
    things = ("sellers", "id_produto", "user_session", "customer_order", "orders", "sessions", "lojas")
    assert {one: is_person(one) for one in (*persons, *things)} == {
        **dict.fromkeys(persons, True),
        **dict.fromkeys(things, False),
    }
    assert words("dtCriação") == ("dt", "criacao")

"""Made data of the shapes that real exports have, each with the model that an analyst would write for it.

Nothing of them is copied: rows come from a seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
from stdnum.br import cpf

from engine.drafting.contents import name_list

Rows = Sequence[Sequence[object]]
Tables = Mapping[str, tuple[str, Rows]]
"""Column definitions and rows by table."""
_AWAKE = [3, 2, 1, 0, 0, 0, 1, 4, 8, 12, 14, 14, 13, 14, 14, 13, 13, 13, 13, 13, 14, 14, 11, 7]
"""How often people do something in each local hour."""
STATES = ("SP", "RJ", "MG", "RS", "PR", "BA", "PE")
SAO_PAULO = "America/Sao_Paulo"


@dataclass(frozen=True)
class Made:
    """A source: its tables, and the model's sections as flat entries of what an analyst would set."""

    tables: Tables
    expected: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    """Tables that a note names."""


def write(source: Made, path: Path) -> Path:
    """The tables in a DuckDB file."""
    with duckdb.connect(str(path)) as connection:
        for table, (columns, rows) in source.tables.items():
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
            made = pa.table({str(at): pa.array([row[at] for row in rows]) for at in range(len(rows[0]))})
            connection.register("made", made)
            connection.execute(f'INSERT INTO "{table}" SELECT * FROM made')
            connection.unregister("made")
    return path


def _moment(rng: random.Random, start: date = date(2025, 1, 1), days: int = 300) -> datetime:
    hour = rng.choices(range(24), _AWAKE)[0]
    day = start + timedelta(days=rng.randrange(days))
    return datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(1, 60))


def _hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


def _fields(section: str, **types: str) -> dict[str, str]:
    return {f"{section}.{name}": kind for name, kind in types.items()}


_COLUMNS = {
    "customers": (
        "customer_id VARCHAR, customer_unique_id VARCHAR, customer_zip_code_prefix VARCHAR, customer_city VARCHAR, "
        "customer_state VARCHAR"
    ),
    "orders": (
        "order_id VARCHAR, customer_id VARCHAR, order_status VARCHAR, order_purchase_timestamp TIMESTAMP, "
        "order_approved_at TIMESTAMP, order_delivered_customer_date TIMESTAMP"
    ),
    "order_items": (
        "order_id VARCHAR, order_item_id BIGINT, product_id VARCHAR, seller_id VARCHAR, "
        "shipping_limit_date TIMESTAMP, price DOUBLE, freight_value DOUBLE"
    ),
    "order_payments": (
        "order_id VARCHAR, payment_sequential BIGINT, payment_type VARCHAR, payment_installments BIGINT, "
        "payment_value DOUBLE"
    ),
    "order_reviews": ("review_id VARCHAR, order_id VARCHAR, review_score BIGINT, review_creation_date TIMESTAMP"),
    "products": ("product_id VARCHAR, product_category_name VARCHAR, product_weight_g BIGINT"),
    "sellers": ("seller_id VARCHAR, seller_state VARCHAR"),
}
_LOCAL = f"timestamp {SAO_PAULO}"
_OF_MARKETPLACE = {
    "sites.BR": f"{SAO_PAULO} BRL",
    "profile.key": "customer_unique_id",
    **_fields(
        "profile.traits",
        customer_zip_code_prefix="string personal",
        customer_city="string",
        customer_state="string",
    ),
    "events.order": f"customer_unique_id order_purchase_timestamp {SAO_PAULO}",
    **_fields(
        "events.order",
        order_id="string",
        customer_id="string",
        order_status="string",
        order_approved_at=_LOCAL,
        order_delivered_customer_date=_LOCAL,
    ),
    "events.order_item": f"customer_unique_id order_purchase_timestamp {SAO_PAULO}",
    **_fields(
        "events.order_item",
        order_id="string",
        order_item_id="integer",
        product_id="string",
        seller_id="string",
        shipping_limit_date=_LOCAL,
        price="decimal money",
        freight_value="decimal money",
        product_category_name="string",
        seller_state="string",
    ),
    "events.order_payment": f"customer_unique_id order_purchase_timestamp {SAO_PAULO}",
    **_fields(
        "events.order_payment",
        order_id="string",
        payment_sequential="integer",
        payment_type="string",
        payment_installments="integer",
        payment_value="decimal money",
    ),
    "events.order_review": f"customer_unique_id review_creation_date {SAO_PAULO}",
    **_fields("events.order_review", review_id="string", order_id="string", review_score="integer"),
}


def marketplace() -> Made:
    """Orders hold a copy of the customer each; the person stands above, and items, payments and reviews below."""
    rng = random.Random(1)
    people = [(_hex(rng), f"{rng.randrange(10**5):05}", rng.choice(["santos", "campinas", "niteroi"]), rng.choice(STATES))
              for _ in range(380)]  # fmt: skip
    customers, orders, items, payments, reviews = [], [], [], [], []
    products = [(_hex(rng), rng.choice(["moveis", "beleza", "bebes"]), rng.randint(100, 900)) for _ in range(40)]
    sellers = [(_hex(rng), rng.choice(STATES)) for _ in range(9)]
    for at in range(420):
        who, customer, order, bought = people[at % 380], _hex(rng), _hex(rng), _moment(rng)
        customers.append((customer, *who))
        approved = bought + timedelta(minutes=9)
        arrived = bought + timedelta(days=9) if at % 9 else None
        orders.append((order, customer, rng.choice(["delivered", "shipped"]), bought, approved, arrived))
        for number in range(1 + at % 2):
            price = round(rng.uniform(9, 99), 2)
            items.append((order, number + 1, rng.choice(products)[0], rng.choice(sellers)[0],
                          bought + timedelta(days=3), price, 7.5))  # fmt: skip
        payments.append((order, 1, rng.choice(["credit_card", "boleto"]), rng.randint(1, 6), price))
        reviews.append((_hex(rng), order, rng.randint(1, 5), datetime(2025, 6, 1) + timedelta(days=at % 90)))
    rows: dict[str, Rows] = {
        "customers": customers,
        "orders": orders,
        "order_items": items,
        "order_payments": payments,
        "order_reviews": reviews,
        "products": products,
        "sellers": sellers,
    }
    return Made({table: (_COLUMNS[table], rows[table]) for table in _COLUMNS}, _OF_MARKETPLACE)


def clicks() -> Made:
    """One table of events, in UTC and with a column that says what happened."""
    rng = random.Random(2)
    kinds = ("view", "cart", "purchase")
    rows = [
        (_moment(rng), kinds[at % 3], rng.randint(10**6, 10**7), rng.choice(["acme", "zeta"]),
         round(rng.uniform(1, 99), 2), 500_000 + at % 170, _hex(rng))
        for at in range(900)
    ]  # fmt: skip
    columns = (
        "event_time TIMESTAMP WITH TIME ZONE, event_type VARCHAR, product_id BIGINT, brand VARCHAR, price DOUBLE, "
        "user_id BIGINT, user_session VARCHAR"
    )
    expected = {"profile.key": "user_id", "profile.traits.first_seen": "timestamp"}
    for kind in kinds:
        expected[f"events.{kind}"] = "user_id event_time"
        expected |= _fields(
            f"events.{kind}", product_id="integer", brand="string", price="decimal money", user_session="string"
        )
    return Made({"events": (columns, rows)}, expected)


def invoices() -> Made:
    """Lines of invoices, some without a customer."""
    rng = random.Random(3)
    rows = []
    for at in range(900):
        at_time = datetime(2025, 3, 1, 8 + at % 10, at % 60, 5) + timedelta(days=at % 200)
        customer = None if at % 7 == 0 else 17_000 + rng.randrange(130)
        country = "France" if customer is not None and customer % 10 == 0 else "United Kingdom"
        rows.append((f"53{at // 4:04}", f"8{at % 90:04}A", rng.choice(["white heart holder", "red retro bag"]),
                     rng.randint(1, 12), at_time, round(rng.uniform(1, 9), 2), customer, country))  # fmt: skip
    columns = (
        "invoiceno VARCHAR, stockcode VARCHAR, description VARCHAR, quantity BIGINT, invoicedate TIMESTAMP, "
        "unitprice DECIMAL(18,4), customerid BIGINT, country VARCHAR"
    )
    expected = {
        "sites.GB": "Europe/London GBP",
        "profile.key": "customerid",
        "profile.traits.country": "string",
        "profile.traits.first_seen": "timestamp Europe/London",
        "events.line": "customerid invoicedate Europe/London",
        **_fields(
            "events.line",
            invoiceno="string",
            stockcode="string",
            description="string",
            quantity="integer",
            unitprice="decimal money",
            country="string",
        ),
    }
    return Made({"lines": (columns, rows)}, expected)


def discs() -> Made:
    """Purchases by day, nothing else."""
    rng = random.Random(4)
    rows = [
        (at % 140 + 1, date(2025, 1, 1) + timedelta(days=rng.randrange(400)), rng.randint(1, 4), rng.uniform(9, 99))
        for at in range(500)
    ]
    columns = "customer_id BIGINT, date DATE, number_of_cds BIGINT, dollar_value DOUBLE"
    expected = {
        "profile.key": "customer_id",
        "profile.traits.first_seen": "date",
        "events.purchase": "customer_id date",
        **_fields("events.purchase", number_of_cds="integer", dollar_value="decimal money"),
    }
    return Made({"purchases": (columns, rows)}, expected)


def campaign() -> Made:
    """One row a customer, without events."""
    rng = random.Random(5)
    rows = [
        (at, rng.randint(1, 12), rng.choice(["1) low", "2) high"]), rng.random() < 0.5, rng.choice(["Urban", "Rural"]),
         rng.choice(["Web", "Phone"]), rng.choice(["Mens E-Mail", "No E-Mail"]), rng.randint(0, 1), rng.uniform(0, 99))
        for at in range(1, 400)
    ]  # fmt: skip
    columns = (
        "customer_id BIGINT, recency BIGINT, history_segment VARCHAR, mens BOOLEAN, zip_code VARCHAR, channel VARCHAR, "
        "segment VARCHAR, visit BIGINT, spend DOUBLE"
    )
    expected = {
        "profile.key": "customer_id",
        **_fields(
            "profile.traits",
            recency="integer",
            history_segment="string",
            mens="boolean",
            zip_code="string personal",
            channel="string",
            segment="string",
            visit="integer",
            spend="decimal money",
        ),
    }
    return Made({"customers": (columns, rows)}, expected)


def bank() -> Made:
    """Answers of clients to calls."""
    rng = random.Random(6)
    rows = [
        (at, rng.randint(18, 80), rng.choice(["admin.", "technician", "services"]), rng.choice(["married", "single"]),
         rng.choice(["yes", "no", "unknown"]), rng.choice(["cellular", "telephone"]), rng.choice(["may", "jun"]),
         rng.randint(10, 900), rng.uniform(92, 95), rng.choice(["yes", "no"]))
        for at in range(1, 400)
    ]  # fmt: skip
    columns = (
        "client_id BIGINT, age BIGINT, job VARCHAR, marital VARCHAR, housing VARCHAR, contact VARCHAR, month VARCHAR, "
        "duration BIGINT, cons_price_idx DOUBLE, y VARCHAR"
    )
    expected = {
        "profile.key": "client_id",
        **_fields(
            "profile.traits",
            age="integer",
            job="string",
            marital="string",
            housing="string",
            contact="string",
            month="string",
            duration="integer",
            cons_price_idx="decimal",
            y="string",
        ),
    }
    return Made({"clients": (columns, rows)}, expected)


@cache
def _names(which: str) -> list[str]:
    return sorted(name_list(which))


def _person(rng: random.Random) -> tuple[str, str]:
    given, family = rng.choice(_names("given")), rng.choice(_names("family"))
    return f"{given} {family}".title(), f"{given}.{family}{rng.randrange(99)}@correio.com.br"


def loja() -> Made:
    """A Brazilian point of sale: keys by code, consents as S and N, local times."""
    rng = random.Random(7)
    clientes, cartoes = [], []
    for at in range(300):
        base = f"{rng.randrange(1, 10**9):09}"
        clientes.append((f"C{at:05}", *_person(rng), f"(11) 9{rng.randint(6000, 9999)}-{rng.randrange(10**4):04}",
                         base + str(cpf._calc_check_digits(base)), rng.choice("SN"), rng.choice(["sim", "não"]),
                         date(1950, 1, 1) + timedelta(days=rng.randrange(20_000)), rng.choice(["Santos", "Bauru"]),
                         rng.choice(STATES)))  # fmt: skip
        cartoes.append((f"C{at:05}", rng.choice(["Visa", "Elo"]), rng.randint(5, 90) * 100.0))
    vendas = [
        (f"C{rng.randrange(300):05}", _moment(rng), round(rng.uniform(5, 500), 2), rng.randint(1, 9))
        for _ in range(900)
    ]
    tables: Tables = {
        "clientes": (
            "cd_cliente VARCHAR, nome VARCHAR, e_mail VARCHAR, contato VARCHAR, doc VARCHAR, aceita_email VARCHAR, "
            "autoriza_sms VARCHAR, dt_nascimento DATE, cidade VARCHAR, uf VARCHAR",
            clientes,
        ),
        "vendas": ("cod_cliente VARCHAR, dt_venda TIMESTAMP, valor_total DOUBLE, qtd_itens BIGINT", vendas),
        "cartoes": ("cd_cliente VARCHAR, bandeira VARCHAR, limite DOUBLE", cartoes),
    }
    expected = {
        "sites.BR": f"{SAO_PAULO} BRL",
        "profile.key": "cd_cliente",
        **_fields(
            "profile.traits", nome="string personal", dt_nascimento="date personal", cidade="string", uf="string"
        ),
        "events.venda": f"cod_cliente dt_venda {SAO_PAULO}",
        **_fields("events.venda", valor_total="decimal money", qtd_itens="integer"),
        "objects.cartao": "cd_cliente",
        **_fields("objects.cartao", bandeira="string", limite="decimal money"),
        "identifiers.e_mail": "email cd_cliente",
        "identifiers.contato": "phone cd_cliente",
        "identifiers.doc": "cpf cd_cliente",
        "consents.aceita_email": "cd_cliente",
        "consents.autoriza_sms": "cd_cliente",
    }
    return Made(tables, expected)


def club() -> Made:
    """A Mexican club: members by number, visits that name the member in another way, an unrelated list."""
    rng = random.Random(8)
    socios = []
    for at in range(260):
        name, mail = _person(rng)
        socios.append((10_000 + at, name, mail.replace(".com.br", ".mx"), rng.choice(["sí", "no"]), date(2024, 1, 1)))
    compras = [
        (10_000 + rng.randrange(260), date(2025, 1, 1) + timedelta(days=rng.randrange(200)),
         round(rng.uniform(50, 900), 2), rng.choice(["bar", "tienda"]))
        for _ in range(700)
    ]  # fmt: skip
    tables: Tables = {
        "socios": ("matricula BIGINT, nombre VARCHAR, correo VARCHAR, acepta_promociones VARCHAR, alta DATE", socios),
        "compras": ("nro_socio BIGINT, fecha DATE, monto DOUBLE, area VARCHAR", compras),
        "tipos_de_cambio": ("fecha DATE, valor DOUBLE", [(date(2025, 1, 1), 20.1), (date(2025, 1, 2), 20.2)]),
    }
    expected = {
        "profile.key": "matricula",
        **_fields("profile.traits", nombre="string personal", alta="date"),
        "events.compra": "nro_socio fecha",
        **_fields("events.compra", monto="decimal money", area="string"),
        "identifiers.correo": "email matricula",
        "consents.acepta_promociones": "matricula",
    }
    return Made(tables, expected, left_out=("tipos_de_cambio",))


def mailing() -> Made:
    """Contacts and sales that only an e-mail address tells apart, written in capitals now and then."""
    rng = random.Random(9)
    people = [_person(rng) for _ in range(150)]
    contatos = [(mail, name, rng.choice(["Lima", "Cusco"])) for name, mail in people]
    mails = [people[rng.randrange(150)][1] for _ in range(400)]
    compras = [
        (
            mail.upper() if at % 5 == 0 else mail,
            date(2025, 1, 1) + timedelta(days=at % 90),
            round(rng.uniform(5, 900), 2),
        )
        for at, mail in enumerate(mails)
    ]
    tables: Tables = {
        "contactos": ("correo VARCHAR, nombre VARCHAR, ciudad VARCHAR", contatos),
        "compras": ("email VARCHAR, fecha DATE, importe DOUBLE", compras),
    }
    expected = {
        "profile.key": "person_key",
        **_fields("profile.traits", nombre="string personal", ciudad="string"),
        "events.compra": "person_key fecha",
        "events.compra.importe": "decimal money",
        "identifiers.correo": "email person_key",
    }
    return Made(tables, expected)


SOURCES: Mapping[str, Callable[[], Made]] = {
    one.__name__: one for one in (marketplace, clicks, invoices, discs, campaign, bank, loja, club, mailing)
}

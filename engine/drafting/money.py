"""Amounts of money by name and type, and the currency that a column or the country says."""

from __future__ import annotations

import re

from engine.drafting.survey import Column
from engine.drafting.words import words
from engine.sql.columns import Physical

_AMOUNT = re.compile(
    r"\b(price|preco|precio|value|valor|amount|amt|total|subtotal|monto|importe|revenue|receita|ingreso|ingresos|spend|"
    r"spent|spending|gasto|gastos|cost|custo|costo|coste|fee|taxa|tarifa|frete|freight|flete|discount|desconto|descuento|"
    r"balance|saldo|income|renda|salary|salario|ltv|clv|ticket medio|ticket promedio|mensalidade|payment value|sales|"
    r"faturamento|facturacion|gmv|unitprice|limite|credit limit|refund|reembolso|tax|imposto|impuesto|bid|budget|"
    r"presupuesto|orcamento)\b"
)
_WEAK = re.compile(r"\b(value|valor|total|sales|discount|desconto|descuento|taxa|tax|limite|balance|saldo|fee|bid)\b")
_NO_AMOUNT = re.compile(
    r"\b(qty|quantity|quantidade|cantidad|count|number|numero|num|nro|percent|pct|percentual|porcentaje|rate|ratio|score|"
    r"rating|nota|days|dias|id|code|codigo|rank|index|pontos|puntos|points|times|items|itens|units|unidades|weight|peso|"
    r"orders|pedidos|products|visits|sessions|clicks|year|month|share|prob|probability|installments|parcelas|cuotas)\b"
)


def is_money(found: Column) -> bool:
    """Whether a number is an amount: by its name, and by decimals where the name alone could mean a count.

    A whole number is an amount only where its name leaves no doubt, such as price or monto.
    """
    said = " ".join(words(found.name))
    if found.physical in (Physical.DECIMAL, Physical.FLOAT):
        return bool(_AMOUNT.search(said)) and not _NO_AMOUNT.search(said)
    if found.physical is not Physical.INTEGER or len(found.different) <= 2:
        return False
    return bool(_AMOUNT.search(said)) and not _WEAK.search(said) and not _NO_AMOUNT.search(said)


def is_currency(found: Column) -> bool:
    """Whether a column holds codes of currencies (ISO 4217)."""
    named = bool({"currency", "moeda", "moneda", "divisa"} & set(words(found.name)))
    return named and bool(found.known) and all(re.fullmatch(r"[A-Z]{3}", one) for one in found.different)

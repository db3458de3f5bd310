"""Consents by name and values: columns of yes and no that speak of agreeing, in the words that people write."""

from __future__ import annotations

import re

from sqlglot import exp

from engine.drafting.personal import is_truth
from engine.drafting.survey import Column
from engine.drafting.words import listed, plain, words
from engine.sql.build import Expr, call, cast, column
from engine.sql.columns import Physical

_AGREED = re.compile(
    r"\bconsen|\bopt ?in\b|\bacept|\baceit|\baccept|\bautoriz|\bauthori|\bpermiss|\bpermis|\bpermit|\blgpd\b|\bgdpr\b|"
    r"\bagree|\bconcord|\bnewsletter\b|\bboletin\b|\bboletim\b|\bsubscribed\b|\bsuscrit|\bsuscript|\bmailing\b|"
    r"\b(recebe|recibe|receive)r?s? |\bmarketing (ok|allowed)\b|\bcontactable\b|\bcan (contact|email|call|sms)\b"
)
_REFUSED = re.compile(
    r"\bopt ?out\b|\bunsubscri|\bdescadastr|\bdo not\b|\bdont\b|\bno contact|\bnao (contat|quer|recebe)|"
    r"\bno (quiere|recibe)|\bblock|\bbloque|\bdado de baja\b|\brevok|\brevog|\brevoc"
)
_UNDERSTOOD = listed(
    """
    true false t f yes no y n 1 0
    """
)
"""Texts that a warehouse casts to a boolean as people mean them."""
_YES = ("s", "sim", "si", "sí", "y", "yes", "true", "t", "1", "v", "verdadeiro", "verdadero", "x", "on", "aceito",
        "aceita", "acepto", "acepta", "accepted", "optin", "opted_in", "granted")  # fmt: skip


def consent_kind(found: Column, *, among_consents: bool = False) -> str | None:
    """ "agreed" or "refused" for a column of yes and no that says whether a person agreed; None for any other. In a
    table of consents every such column is one."""
    if not is_truth(found):
        return None
    said = " ".join(words(found.name))
    if _REFUSED.search(said):
        return "refused"
    return "agreed" if among_consents or _AGREED.search(said) else None


def is_consent_table(table: str) -> bool:
    """Whether a table's name says that it holds consents."""
    return bool(re.search(r"\bconsen|\bopt ?in|\blgpd\b|\bgdpr\b", " ".join(words(table))))


def is_understood(found: Column) -> bool:
    """Whether a rule reads the column's yes and no as they are meant."""
    if found.physical is not Physical.TEXT:
        return True
    return {plain(one) for one in found.different} <= _UNDERSTOOD


def agreed(found: Column, value: Expr | None = None, *, refused: bool = False) -> Expr:
    """Whether the column says yes, as SQL; with ``refused`` whether it says no; NULL where it says nothing."""
    raw = column(found.name) if value is None else value
    if found.physical is Physical.TEXT:
        text = call("lower", call("trim", cast(raw, "VARCHAR")))
        yes: Expr = exp.In(this=text, expressions=[exp.Literal.string(one) for one in _YES])
    else:
        yes = cast(raw, "BOOLEAN")
    return exp.Not(this=exp.Paren(this=yes)) if refused else yes

"""Persons whom only an e-mail address, a document or a phone tells apart: their key is a hash, for keys are shown."""

from __future__ import annotations

from sqlglot import exp

from engine.domain.national import DOCUMENTS
from engine.sql.build import Expr, call, cast, word

KEY = "person_key"
"""What the hashed key is called."""
KINDS = ("email", *DOCUMENTS, "document", "phone")
"""Kinds that may stand for a person, the best first."""


def hashed(value: Expr, kind: str) -> Expr:
    """The hash of an identifier, however it is written: blanks and capitals of an address, and the separators of a
    number make no difference. Missing for a missing or empty value."""
    text = call("lower", call("trim", cast(value, "VARCHAR")))
    if kind != "email":
        text = call("regexp_replace", text, word("[^0-9a-z]"), word(""), word("g"))
    return call("md5", exp.Nullif(this=text, expression=word("")))

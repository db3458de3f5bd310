"""Values that lead to a person, however they are written; and those that only look like it."""

from __future__ import annotations

from engine.domain.identity import RecordSource
from engine.domain.identity_codec import read_identity
from engine.domain.model import Source
from engine.identity.recognising import Recogniser
from engine.identity.values import Hasher

DOCUMENT = read_identity(
    {
        "kind": "identity",
        "id": "persons",
        "kinds": {"profile": {}, "email": {}, "phone": {"country": "BR"}, "account": {}},
    }
)
HASHER = Hasher(bytes(32), DOCUMENT.tenant)
SOURCES = (RecordSource("shops", Source(table="shops"), {"account": ("Customer_No",)}),)


def known(**values: str) -> Recogniser:
    identifiers = [f"{kind}:{HASHER.hashed(kind, [value])[0].hex()}" for kind, value in values.items()]
    return Recogniser(DOCUMENT, SOURCES, HASHER, identifiers)


def test_addresses_and_numbers_are_known_wherever_they_stand() -> None:
    recognise = known(email="ana@mail.com", phone="+5511987654321")
    places = [("note", "Ana@Mail.com "), ("x", "(11) 98765-4321"), ("x", "bia@mail.com"), ("x", "11987654321")]
    assert recognise(places) == {places[0], places[1], places[3]}


def test_a_short_text_counts_only_where_the_column_says_so() -> None:
    recognise = known(account="12", profile="customer-77")
    places = [("quantity", "12"), ("customer_no", "12"), ("account", "12"), ("userId", "12"), ("note", "customer-77")]
    assert recognise(places) == set(places[1:])


def test_kinds_that_a_person_has_not_are_not_asked() -> None:
    assert known(email="ana@mail.com")([("account", "ana@mail.com"), ("account", "12")]) == {
        ("account", "ana@mail.com")
    }

"""Names and texts in SQL."""

from __future__ import annotations

import duckdb

from engine.tabular.naming import is_one, named, quoted

TEXT, NAME, WORDS = "it's", 'a "b"', ["a", "b"]


def test_quotes_are_doubled() -> None:
    told = f"{quoted(TEXT)} AS {named(NAME)}, {is_one(quoted(WORDS[1]), WORDS)}, {is_one(quoted(TEXT), WORDS)}"
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {told}")
        assert found.description[0][0] == NAME
        assert found.fetchall() == [(TEXT, True, False)]

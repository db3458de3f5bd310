"""The simulator is repeatable, skewed like real traffic, and keeps its truth; the ready documents are current."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from sample_data import marketplace
from sample_data.audiences import folder
from sample_data.audiences.catalogue import CATALOGUE, LANGUAGES


def made(seed: int = 7) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    marketplace.generate(connection, 2000, seed=seed, until=date(2026, 6, 1))
    return connection


def test_the_same_seed_gives_the_same_data() -> None:
    query = "SELECT (SELECT sum(hash(e)) FROM events e), (SELECT sum(hash(u)) FROM users u)"
    first, again, other = made(), made(), made(8)
    assert first.execute(query).fetchall() == again.execute(query).fetchall()
    assert first.execute(query).fetchall() != other.execute(query).fetchall()


def test_slices_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = ("users", "events", "sessions", "consents", "cards", "devices", "truth.person", "truth.caused_purchase")
    whole = made()
    monkeypatch.setattr(marketplace, "SLICE", 700)
    sliced = made()
    for table in tables:
        query = f"SELECT count(*), sum(hash(t)) FROM {table} t"
        assert sliced.execute(query).fetchall() == whole.execute(query).fetchall(), table


def test_its_shape() -> None:
    connection = made()
    (events, future) = connection.execute("SELECT count(*), count_if(ts >= '2026-06-01') FROM events").fetchall()[0]
    assert 15 * 2000 < events < 25 * 2000
    assert future == 0
    top = connection.execute(
        "SELECT category, count(*) FROM events WHERE event_type = 'view' GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    ).fetchall()[0]
    assert top[0] == "phones"
    heavy = connection.execute(
        "SELECT max(n) / median(n) FROM (SELECT count(*) n FROM events GROUP BY user_id)"
    ).fetchall()
    assert heavy[0][0] > 6
    twins = connection.execute("SELECT count(*) FROM truth.person WHERE person_id <> user_id").fetchall()[0][0]
    assert 0.02 * 2000 < twins < 0.06 * 2000
    caused = connection.execute("SELECT count(DISTINCT channel) FROM truth.caused_purchase").fetchall()[0][0]
    assert caused >= 2
    mixed = connection.execute(
        "SELECT count(*) FROM users JOIN truth.person p USING (user_id) JOIN users o ON o.user_id = p.person_id "
        "WHERE o.site_id <> users.site_id"
    ).fetchall()[0][0]
    assert mixed < twins / 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ready_documents_are_current(language: str) -> None:
    for ready in CATALOGUE:
        path = folder(language) / f"{ready.id}.yaml"
        assert path.read_text(encoding="utf-8") == dump_yaml(ready.document(language)), (
            "run python -m sample_data.audiences"
        )
    assert len(list(folder(language).glob("*.yaml"))) == len(CATALOGUE) == 20


def test_no_ready_audience_is_empty_or_everyone(demo: operations.Workspace) -> None:
    ids = [ready.id for ready in CATALOGUE]
    sizes = operations.size(demo, ids)
    assert len(sizes) == len(ids) > 10
    for found in sizes:
        assert 0 < found.size < found.base, found.id

"""Loads over HTTP: seen with one scope, repeated with another, never a row in an answer."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

from engine import operations
from engine.domain.ingest import IngestDocument, LoadedColumn
from engine.domain.values import ValueType
from tests.support.api import served

DOCUMENT = IngestDocument(
    "p",
    "people",
    columns={"id": LoadedColumn("id", ValueType.INTEGER), "n": LoadedColumn("n", ValueType.INTEGER)},
    reject=Decimal("0.5"),
)


def test_loads_and_bad_rows_once_more(tmp_path: Path) -> None:
    with operations.init(tmp_path / "ws") as workspace:
        path = tmp_path / "people.csv"
        path.write_text("id,n\n1,5\nx,6\n3,7\n")
        operations.ingest_load(workspace, DOCUMENT, [path])
        path.write_text("id,n\n4,5\ny,6\n")
        operations.ingest_load(workspace, DOCUMENT, [path])
        with served(workspace, "read", "members") as client:
            found = client.get("/v1/ingest/loads").json()
            assert [(one["state"], one["read"], one["bad"]) for one in found] == [("loaded", 2, 1), ("loaded", 3, 1)]
        with served(workspace, "read") as client:
            found = client.get("/v1/ingest/loads").json()
            assert [(one["state"], one["read"], one["bad"]) for one in found] == [("loaded", 0, 0)] * 2, "of few rows"
            assert str(tmp_path) not in str(found)
            assert client.post("/v1/ingest/run").status_code == 403
        with served(workspace, "write") as client:
            assert client.post("/v1/ingest/run").json() == []
            kept = next(one for one in found if one["kept"])
            again = client.post(f"/v1/ingest/loads/{kept['id']}/replay").json()
            assert again["state"] == "refused"
            assert client.post("/v1/ingest/loads/0123456789ab/replay").status_code == 404
            assert client.post("/v1/ingest/loads/..%2F..%2Fetc/replay").status_code in (404, 422)


def test_a_replacement_that_was_refused_comes_in_when_it_may(tmp_path: Path) -> None:
    with operations.init(tmp_path / "ws") as workspace:
        path, folder = tmp_path / "ws" / "people.csv", tmp_path / "ws" / "ingest"
        folder.mkdir()
        (folder / "people.yaml").write_text("{kind: ingest, id: people, into: people, mode: replace, path: people.csv}")

        def written(text: str, at: float) -> None:
            path.write_text(text)
            os.utime(path, (at, at))

        with served(workspace, "write") as client:

            def states(more: str = "") -> list[str]:
                return [one["state"] for one in client.post(f"/v1/ingest/run{more}").json()]

            written("id\n1\n2\n3\n", 1_700_000_000)
            assert states() == ["loaded"]
            written("id\n9\n", 1_700_000_001)
            assert (states(), states()) == (["refused"], [])
            assert operations.ingest_troubles(workspace)["people"].endswith("would be replaced by 1")
            assert states("?allow_shrink=true") == ["loaded"]
            assert operations.ingest_troubles(workspace) == {}

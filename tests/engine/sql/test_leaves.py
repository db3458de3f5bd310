"""Golden files: the SQL of typical rules, reviewed as text. CONVOKE_REWRITE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import operations
from engine.domain.documents import load_one
from engine.operations import Workspace
from tests.support.small import AS_OF, make_workspace, write_audience

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(GOLDEN.glob("*.yaml"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with make_workspace(tmp_path_factory.mktemp("golden")) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_golden(workspace: Workspace, tmp_path: Path, case: Path) -> None:
    path = write_audience(tmp_path, "it", load_one(case.read_bytes()), sites=["MLB"])
    (found,) = operations.explain(workspace, str(path), as_of=AS_OF)
    text = ""
    for sql, values in zip(found.sql, found.parameters, strict=True):
        text += sql + ";\n" + "".join(f"-- ${i} = {value!r}\n" for i, value in enumerate(values, 1))
    golden = case.with_suffix(".duckdb.sql")
    if os.environ.get("CONVOKE_REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_there_are_golden_files() -> None:
    assert len(CASES) >= 8


def test_the_clock_of_a_rules_sql_shows_the_moment_it_is_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    """Also when a size at another moment was just found and kept."""
    rule = {"sql": "SELECT user_id FROM events WHERE ts < now() AND current_date > DATE '2010-01-01'"}
    path = str(write_audience(tmp_path, "it", rule))
    at = ["2000-01-01T00:00:00Z", AS_OF, "2000-01-01T00:00:00Z"]
    sizes = [operations.size(workspace, [path], as_of=one)[0].size for one in at]
    assert sizes[1] > 0
    assert sizes == [0, sizes[1], 0]

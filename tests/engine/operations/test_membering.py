"""Members by hand: every example of the rules, over a warehouse small enough to check with one's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.errors import EngineError
from engine.operations import Workspace
from tests.support.small import AS_OF, make_workspace, write_audience


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = make_workspace(tmp_path_factory.mktemp("small"))
    operations.upload_list(made, "friends", _list_file(tmp_path_factory.mktemp("lists")))
    yield made
    made.close()


def _list_file(folder: Path) -> Path:
    path = folder / "friends.csv"
    path.write_text("user_id\n2\n10\n77\n", encoding="utf-8")
    return path


PHONES = [{"property": "category", "eq": "phones"}]
CASES: list[tuple[str, Any, list[int]]] = [
    ("everyone", {"all": []}, [1, 2, 3, 4, 10]),
    ("nobody", {"any": []}, []),
    ("in", {"trait": "state", "in": ["SP", "RJ"]}, [1, 2]),
    ("between includes both ends", {"trait": "age", "between": [25, 44]}, [1, 2, 4]),
    ("empty text is a value", {"trait": "state", "eq": ""}, [3]),
    ("a complement holds for a missing value", {"trait": "age", "neq": 30}, [2, 3, 4, 10]),
    ("missing satisfies nothing else", {"trait": "age", "lt": 1000}, [1, 2, 4, 10]),
    ("is missing", {"trait": "age", "is_set": False}, [3]),
    ("twice in 90 days", {"did": "purchase", "where": PHONES, "times": {"gte": 2}, "within": "90d"}, [1]),
    ("never, also those without events", {"did": "purchase", "times": {"eq": 0}}, [3, 4, 10]),
    ("at most two", {"did": "purchase", "times": {"lte": 1}}, [2, 3, 4, 10]),
    ("a sum is exact", {"did": "purchase", "measure": {"sum": "amount"}, "eq": 1000}, [1]),
    ("only events before as_of exist", {"did": "purchase", "within": {"from": "2026-06-15"}}, []),
    ("an average of nothing is missing", {"did": "purchase", "measure": {"avg": "amount"}, "lt": 1000}, [1, 2]),
    ("a number with an exponent", {"did": "purchase", "measure": {"sum": "amount"}, "gte": Decimal("1E+20")}, []),
    ("a small one", {"did": "purchase", "measure": {"sum": "amount"}, "gte": Decimal("1E+3")}, [1]),
    ("the smallest", {"did": "purchase", "measure": {"min": "amount"}, "gte": 300}, [1]),
    ("the last value", {"did": "purchase", "measure": {"last": "product_id"}, "eq": "p1"}, [1, 2]),
    ("days", {"did": "purchase", "measure": {"days": True}, "gte": 2}, [1]),
    ("objects", {"has": "card", "measure": {"distinct": "brand"}, "gte": 2}, [1]),
    ("a list", {"list": "friends"}, [2, 10]),
    ("all of a sample", {"sample": {"percent": 100, "seed": "x"}}, [1, 2, 3, 4, 10]),
    ("sql", {"sql": "SELECT user_id FROM cards WHERE brand = 'visa'"}, [1, 4]),
    ("in the last hour", {"trait": "registered_at", "within_last": "1h"}, [4]),
    ("up to a local day", {"trait": "registered_at", "lte": "2026-06-01"}, [1, 2]),
    ("anniversary tomorrow", {"trait": "birth", "anniversary_within_next": "2d"}, [1]),
    ("a muted node is not written", {"all": [{"trait": "age", "gte": 30}, {"trait": "vip", "eq": True, "muted": True}]}, [1, 2, 10]),
    (
        "a sequence",
        {"sequence": [{"did": "view", "as": "v"}, {"did": "purchase", "gap": {"lte": "7d"}, "same": {"product_id": "v.product_id"}}]},
        [1, 2],
    ),
    (
        "a sequence without a return between",
        {"sequence": [{"did": "view"}, {"did": "purchase", "without": {"did": "return"}}], "within": "30d"},
        [1],
    ),
    ("each site by its own clock", {"trait": "registered_at", "gte": "2026-06-15T08:30:00"}, []),
    (
        "a property carried over a step between",
        {"sequence": [{"did": "view", "as": "v"}, {"did": "return"}, {"did": "purchase", "same": {"product_id": "v.product_id"}}]},
        [2],
    ),
    ("a calendar month", {"did": "purchase", "within": {"calendar": "month", "last": 1}}, [1]),
    ("the current month", {"did": "purchase", "within": {"calendar": "month", "current": True}}, [1, 2]),
    ("between sixty and thirty days ago", {"did": "purchase", "within": {"ago": ["60d", "30d"]}}, [1]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_members(workspace: Workspace, tmp_path: Path, rule: Any, expected: list[int]) -> None:
    path = write_audience(tmp_path, "it", rule)
    found = operations.members(workspace, [str(path)], as_of=AS_OF)[0]
    assert found.keys == expected
    assert operations.size(workspace, [str(path)], as_of=AS_OF)[0].size == len(expected)


def test_top_breaks_ties_by_the_smaller_key_and_ranks_each_site(workspace: Workspace, tmp_path: Path) -> None:
    path = write_audience(tmp_path, "it", {"all": []}, top={"n": 1, "by": {"trait": "ltv"}})
    assert operations.members(workspace, [str(path)], as_of=AS_OF)[0].keys == [1, 4]


def test_a_reference_keeps_to_its_own_sites(workspace: Workspace, tmp_path: Path) -> None:
    write_audience(tmp_path, "brazil", {"trait": "age", "is_set": True}, sites=["MLB"])
    write_audience(tmp_path, "others", {"not": {"audience": "brazil"}})
    found = {m.id: m.keys for m in operations.members(workspace, [str(tmp_path)], as_of=AS_OF)}
    assert found == {"brazil": [1, 2], "others": [3, 4, 10]}


def test_why_names_each_condition(workspace: Workspace, tmp_path: Path) -> None:
    path = write_audience(tmp_path, "it", {"all": [{"trait": "age", "gte": 40}, {"did": "purchase"}]})
    found = operations.why(workspace, str(path), "1", as_of=AS_OF)
    assert not found.member
    assert [(r.path, r.holds) for r in found.reasons] == [
        ("rule", False),
        ("rule.all[0]", False),
        ("rule.all[1]", True),
    ]
    assert found.reasons[1].value == 30


def test_why_of_a_stranger_says_so(workspace: Workspace, tmp_path: Path) -> None:
    path = write_audience(tmp_path, "it", {"all": []})
    with pytest.raises(EngineError, match="no profile"):
        operations.why(workspace, str(path), "4242")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_export(workspace: Workspace, tmp_path: Path, name: str) -> None:
    import pandas as pd

    path = write_audience(tmp_path, "it", {"trait": "state", "in": ["SP", "RJ"]})
    found = operations.members(workspace, [str(path)], as_of=AS_OF)
    (written,) = operations.export_members(found, tmp_path / name)
    frame = pd.read_parquet(written) if name.endswith("parquet") else pd.read_csv(written)
    assert frame["user_id"].tolist() == [1, 2]
    assert found[0].frame()["user_id"].tolist() == [1, 2]


def test_explain_binds_every_value(workspace: Workspace, tmp_path: Path) -> None:
    path = write_audience(tmp_path, "it", {"trait": "state", "eq": "Robert'); DROP TABLE users;--"})
    (found,) = operations.explain(workspace, str(path), as_of=AS_OF)
    assert "DROP" not in found.sql[0]
    assert "Robert'); DROP TABLE users;--" in found.parameters[0]


def test_a_rule_of_five_thousand_nodes_works(workspace: Workspace, tmp_path: Path) -> None:
    rule = {"any": [{"trait": "age", "eq": number} for number in range(20, 5020)]}
    path = write_audience(tmp_path, "it", rule)
    found = operations.size(workspace, [str(path)], as_of=AS_OF)[0]
    assert found.size == 4
    assert len(found.conditions) == 5000
    assert operations.members(workspace, [str(path)], as_of=AS_OF)[0].keys == [1, 2, 4, 10]
    by_path = {c.path: c for c in found.conditions}
    assert (by_path["rule.any[10]"].size, by_path["rule.any[10]"].without) == (1, 3)


def test_the_good_audiences_of_a_folder_answer_and_the_wrong_ones_are_named(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    folder = tmp_path / "some"
    write_audience(folder, "adults", {"trait": "age", "gte": 30})
    write_audience(folder, "all", {"not": {"not": {"audience": "adults"}}})
    write_audience(folder, "circle", {"audience": "circle"})
    write_audience(folder, "misspelt", {"trait": "agee", "gte": 30})
    write_audience(folder, "on-misspelt", {"audience": "misspelt"})
    write_audience(folder, "pinned", {"audience": "adults", "version": 7})
    write_audience(folder, "pattern", {"trait": "state", "matches": "("})
    write_audience(folder, "sql", {"sql": "SELECT nothing FROM users"})
    (folder / "broken.yaml").write_text("kind: audience\nrule: [", encoding="utf-8")
    for answer in (operations.members, operations.size):
        wrong: list[EngineError] = []
        found = answer(workspace, [str(folder)], as_of=AS_OF, wrong=wrong)
        assert [one.id for one in found] == ["adults", "all"]
        said = " ".join(str(error) for error in wrong)
        named = ("broken", "circle", "misspelt", "on-misspelt", "pinned", "pattern", "sql")
        assert [name for name in named if f"{name}.yaml" not in said] == []
        assert len(wrong) == len(named)
        with pytest.raises(EngineError):
            answer(workspace, [str(folder)], as_of=AS_OF)

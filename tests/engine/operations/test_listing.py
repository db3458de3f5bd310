"""Uploaded lists: what becomes of every row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine import operations
from engine.errors import EngineError
from engine.store.erasures import Erasures
from tests.support.filling import insert
from tests.support.small import AS_OF, make_workspace, write_audience


def test_every_row_is_told(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    file = tmp_path / "vip.csv"
    file.write_text("user_id,name\n1,ana\n\n 2 ,bea\n1,again\n77,nobody\nx7,odd\n004,zeros\n", encoding="utf-8")
    found = operations.upload_list(workspace, "vip", file)
    assert [(row.line, row.key, row.outcome) for row in found.rows] == [
        (2, "1", "matched"),
        (4, "2", "matched"),
        (5, "1", "duplicate"),
        (6, "77", "unknown"),
        (7, "x7", "malformed"),
        (8, "4", "matched"),
    ]
    assert found.as_json() == {
        "id": "vip", "size": 4, "rows": 6, "matched": 3, "unknown": 1, "duplicate": 1, "malformed": 1,
    }  # fmt: skip
    write_audience(tmp_path / "a", "in-list", {"list": "vip"})
    assert operations.members(workspace, [str(tmp_path / "a")], as_of=AS_OF)[0].keys == [1, 2, 4]
    operations.apply(workspace, tmp_path / "a")
    assert operations.run(workspace, as_of=AS_OF).audiences[0].size == 3
    file.write_text("2\n", encoding="utf-8")
    operations.upload_list(workspace, "vip", file, allow_shrink=True)
    run = operations.run(workspace, as_of=AS_OF)  # the same moment and data, another list
    assert (run.audiences[0].size, run.audiences[0].removed) == (1, 2)


def test_without_a_warehouse_rows_stay_unchecked(tmp_path: Path) -> None:
    workspace = operations.init(tmp_path / "ws")
    file = tmp_path / "vip.txt"
    file.write_text("a\nb\na\n", encoding="utf-8")
    assert operations.upload_list(workspace, "vip", file).counts() == {"duplicate": 1, "unchecked": 2}
    file.write_text("\n\n", encoding="utf-8")
    with pytest.raises(EngineError, match=r"vip\.txt has no rows"):
        operations.upload_list(workspace, "vip", file)


ODD = [
    "", " ", "1", " 1", "1 ", "01", "+1", "a,b", "a;b", 'a"b', '"', '""', "a\nb", "a\r\nb", "a\rb", "\n", "\r\n", "=1+1",
    "@x", "-1", "'q", "\ttab", "tab\t", "é", "e\u0301", "😀", "👩‍👩‍👧", "\ufeffbom", "\u2028", "\u00a0", "NULL", "null",
    "user_id", "true", "1e5", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "ß", "x" * 3000,
    "a\x00b", "ﬁ", "ＩＤ", "\\", "a\\nb", "#", "a|b",
]  # fmt: skip


def text_workspace(folder: Path, kind: str, keys: list[str]) -> operations.Workspace:
    """A workspace over profiles with these keys."""
    file = folder / "keys.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE users (user_id {kind})")
        insert(connection, "users", [[key] for key in keys])
    workspace = operations.init(folder / "ws")
    operations.connect(workspace, f"duckdb:///{file}")
    operations.apply_model_text(workspace, "kind: model\nprofile: {table: users, key: user_id, traits: {}}\n")
    return workspace


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
def test_what_members_wrote_gives_every_odd_key_back(tmp_path: Path, name: str) -> None:
    workspace = text_workspace(tmp_path, "VARCHAR", ODD)
    write_audience(tmp_path / "a", "all", {"all": []})
    found = operations.members(workspace, [str(tmp_path / "a")])
    operations.export_members(found, tmp_path / name)
    listed = operations.upload_list(workspace, "back", tmp_path / name)
    assert listed.counts() == {"matched": len(ODD)}
    assert sorted(workspace.lists.keys("back")) == sorted(ODD)
    write_audience(tmp_path / "b", "listed", {"list": "back"})
    assert operations.members(workspace, [str(tmp_path / "b")])[0].keys == sorted(ODD)


FORMULAS = [
    "=1+1",
    "'=1+1",
    "''=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "-5",
    "+5511987654321",
    "@x",
    "\ty",
    "\rz",
    "'",
    "'a",
]


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
@pytest.mark.parametrize("raw", [False, True])
def test_keys_that_look_like_formulas_are_marked_in_csv_and_come_back(tmp_path: Path, name: str, raw: bool) -> None:
    workspace = text_workspace(tmp_path, "VARCHAR", FORMULAS)
    write_audience(tmp_path / "a", "all", {"all": []})
    found = operations.members(workspace, [str(tmp_path / "a")])
    operations.export_members(found, tmp_path / name, raw=raw)
    if name == "all.csv":
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert ('"\'=1+1"' in text, "\"'+cmd" in text, '"-5"' in text) == (True, not raw, True)
    assert operations.upload_list(workspace, "back", tmp_path / name).counts() == {"matched": len(FORMULAS)}
    assert sorted(workspace.lists.keys("back")) == sorted(FORMULAS)


def test_an_apostrophe_that_the_warehouse_has_too_stays(tmp_path: Path) -> None:
    workspace = text_workspace(tmp_path, "VARCHAR", ["'+55 11", "'=b"])
    file = tmp_path / "vip.csv"
    file.write_text("user_id\n'+55 11\n'=b\n'=unknown\n", encoding="utf-8")
    assert operations.upload_list(workspace, "vip", file).counts() == {"matched": 2, "unknown": 1}


def test_text_keys_are_compared_byte_for_byte(tmp_path: Path) -> None:
    workspace = text_workspace(tmp_path, "VARCHAR", ["1", "é", "ab"])
    file = tmp_path / "vip.csv"
    file.write_text("user_id\n 1\n1 \n01\ne\u0301\nAB\n1\n", encoding="utf-8")
    assert operations.upload_list(workspace, "vip", file).counts() == {"matched": 1, "unknown": 5}


def test_a_uuid_is_one_in_upper_case_and_in_braces(tmp_path: Path) -> None:
    keys = [
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ]
    workspace = text_workspace(tmp_path, "UUID", keys)
    file = tmp_path / "vip.csv"
    file.write_text(
        f"{keys[0].upper()}\n{{{keys[1]}}}\n{keys[2].replace('-', '')}\n{keys[0]}\nnone\n", encoding="utf-8"
    )
    assert operations.upload_list(workspace, "vip", file).counts() == {"matched": 3, "duplicate": 1, "malformed": 1}
    write_audience(tmp_path / "a", "listed", {"list": "vip"})
    assert operations.members(workspace, [str(tmp_path / "a")])[0].keys == keys
    assert operations.why(workspace, str(tmp_path / "a"), keys[0].upper()).member


def test_whole_numbers_are_numbers_however_they_are_written(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    file = tmp_path / "vip.csv"
    text = " 1\n002\n+3\n--4\n1_0\n٤\n9223372036854775808\n99999999999999999999999999999999999999\n4.0\n"
    file.write_text(text, encoding="utf-8")
    assert operations.upload_list(workspace, "vip", file).counts() == {"matched": 3, "malformed": 6}
    write_audience(tmp_path / "a", "listed", {"list": "vip"})
    assert operations.members(workspace, [str(tmp_path / "a")], as_of=AS_OF)[0].keys == [1, 2, 3]
    with pytest.raises(EngineError, match="there is no profile"):
        operations.why(workspace, str(tmp_path / "a"), "1_0")


def test_a_list_that_would_lose_nearly_all_is_refused_unless_it_may(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    file = tmp_path / "dnc.csv"
    file.write_text("user_id\n1\n2\n3\n4\n", encoding="utf-8")
    operations.upload_list(workspace, "dnc", file)
    wrong_files = ("user_id\n71\n72\n73\n74\n", "user_id;note\n1;x\n", "email,user_id\n1,77\n2,78\n", "1\n77\n78\n79\n")
    for wrong in wrong_files:
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(EngineError, match='the list "dnc" holds 4 profiles') as refused:
            operations.upload_list(workspace, "dnc", file)
        assert refused.value.exit_code == 1
    file.write_text("user_id\nx\ny\n", encoding="utf-8")
    with pytest.raises(EngineError, match=r"no row of .* holds a profile key"):
        operations.upload_list(workspace, "dnc", file, allow_shrink=True)
    assert workspace.lists.keys("dnc") == ["1", "2", "3", "4"]
    file.write_text("user_id\n1\n2\n", encoding="utf-8")
    assert operations.upload_list(workspace, "dnc", file).size == 2, "half of them may stay unasked"
    file.write_text("user_id\n71\n", encoding="utf-8")
    assert operations.upload_list(workspace, "dnc", file, allow_shrink=True).size == 1
    assert workspace.lists.keys("dnc") == ["71"]


def test_what_a_list_lost_is_remembered_until_it_is_back(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    lists = workspace.lists
    lists.save("dnc", ["1", "2", "3"], "me")
    (first, _) = lists.versions()["dnc"]
    lists.save("dnc", ["3", "4"], "me")
    assert lists.dropped_since("dnc", first) == 2
    assert lists.dropped_since("dnc", lists.versions()["dnc"][0]) == 0
    lists.save("dnc", ["1", "3", "4"], "me")
    assert lists.dropped_since("dnc", first) == 1
    Erasures(workspace.database).add(["2"], [])
    assert lists.dropped_since("dnc", first) == 0

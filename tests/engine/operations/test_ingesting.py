"""Files become rows once: typed as they say, bad ones kept apart, all or nothing, also when the process is killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.domain.ingest import Dialect, IngestDocument, LoadedColumn
from engine.domain.values import ValueType
from engine.errors import Cancelled, EngineError
from engine.jobs import Job
from engine.operations import Workspace

PEOPLE = (
    "User ID;Nome;Saldo;Nascido;Ativo;CEP\n"
    "1;José;1.234,50;31/12/1990;sim;01234\n"
    '2;"Ana; a\nSegunda";5,00;01/02/1985;não;99999\n'
    "3;Zé;0,10;13/05/2001;sim;12345\n"
)
DOCUMENT = IngestDocument("people", "people")
TYPED = {
    "id": LoadedColumn("id", ValueType.INTEGER),
    "born": LoadedColumn("born", ValueType.DATE),
    "n": LoadedColumn("n", ValueType.DECIMAL),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with operations.init(tmp_path / "ws") as made:
        yield made


def rows(workspace: Workspace, sql: str = "SELECT * FROM people ORDER BY ALL") -> list[tuple[Any, ...]]:
    return workspace.warehouse.rows(sql)


def file(folder: Path, text: str, name: str = "people.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_as_a_spreadsheet_writes_it(workspace: Workspace, tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, PEOPLE, encoding=encoding)
    preview = operations.ingest_preview(workspace, DOCUMENT, path)
    seen, missing = preview.columns, preview.not_in_table
    assert [(one.target, one.type, one.format) for one in seen] == [
        ("user_id", "BIGINT", None),
        ("nome", "VARCHAR", None),
        ("saldo", "DECIMAL(18,4)", None),
        ("nascido", "DATE", "%d/%m/%Y"),
        ("ativo", "BOOLEAN", None),
        ("cep", "VARCHAR", None),
    ]
    assert seen[2].examples[0] == ("0,10", "0.1000")
    assert not missing
    assert not list((tmp_path / "ws" / "warehouse").glob("*.duckdb")), "a preview writes nothing"
    (found,) = operations.ingest_load(workspace, DOCUMENT, [path])
    assert (found.state, found.rows, found.bad) == ("loaded", 3, 0)
    assert rows(workspace) == [
        (1, "José", Decimal("1234.5000"), date(1990, 12, 31), True, "01234"),
        (2, "Ana; a\nSegunda", Decimal("5.0000"), date(1985, 2, 1), False, "99999"),
        (3, "Zé", Decimal("0.1000"), date(2001, 5, 13), True, "12345"),
    ]
    assert [table.name for table in workspace.warehouse.tables()] == ["people"], "what Convoke keeps is no table"
    (again,) = operations.ingest_load(workspace, DOCUMENT, [path])
    assert (again.state, again.id) == ("known", found.id)
    assert len(rows(workspace)) == 3
    assert operations.ingest_load(workspace, DOCUMENT, [path], again=True)[0].rows == 3
    assert len(rows(workspace)) == 6
    assert not [one for one in (tmp_path / "ws" / "warehouse").iterdir() if one.suffix == ".utf8"]


def test_bad_rows_are_kept_corrected_and_loaded_after_all(workspace: Workspace, tmp_path: Path) -> None:
    text = "id,born,score\n" + "".join(f"{i},2000-01-01,{i}.5\n" for i in range(300))
    path = file(tmp_path, text + "x,2000-01-01,1\n300,2000-02-30,1\n301,2000-01-01,1,2\n")
    columns = {
        "id": LoadedColumn("id", ValueType.INTEGER),
        "born": LoadedColumn("born", ValueType.DATE),
        "score": LoadedColumn("score", ValueType.FLOAT),
    }
    document = replace(DOCUMENT, columns=columns, mode="upsert", key=("id",))
    (found,) = operations.ingest_load(workspace, document, [path])
    assert (found.state, found.rows, found.bad) == ("loaded", 300, 3)
    assert found.reasons == {"born: not a date": 1, "id: not a whole number": 1, "too many columns": 1}
    (record,) = operations.ingest_status(workspace)
    assert (record.state, record.read, record.bad) == ("loaded", 303, 3)
    kept = Path(str(record.kept))
    assert kept.stat().st_mode & 0o077 == 0
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert lines[0] == {"line": 304, "reasons": ["too many columns"], "text": "301,2000-01-01,1,2"}
    assert lines[1] == {"reasons": ["id: not a whole number"], "row": {"id": "x", "born": "2000-01-01", "score": "1"}}
    with pytest.raises(EngineError, match=r"2 of 2 rows of again-[0-9a-f]+\.jsonl are bad"):
        done = operations.ingest_replay(workspace, record.id)
        raise EngineError("refused", str(done.message))
    lines[1]["row"]["id"], lines[2]["row"]["born"] = "400", "2000-02-28"
    kept.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert operations.ingest_replay(workspace, record.id).rows == 2
    assert rows(workspace, "SELECT id FROM people WHERE id >= 300 ORDER BY 1") == [(300,), (400,)]
    assert [json.loads(line)["line"] for line in kept.read_text().splitlines()] == [304], "what is no row stays"
    with pytest.raises(EngineError, match="none of the bad rows could be read"):
        operations.ingest_replay(workspace, record.id)


def test_a_file_with_too_many_bad_rows_is_refused_and_nothing_changes(workspace: Workspace, tmp_path: Path) -> None:
    operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "id,n\n1,5\n", "good.csv")])
    before = workspace.warehouse.data_version()
    (found,) = operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "id,n\n2,6\n3,seven\n", "bad.csv")])
    assert found.state == "refused"
    assert "1 of 2 rows of bad.csv are bad (1 n: not a whole number)" in str(found.message)
    assert workspace.warehouse.data_version() == before
    assert rows(workspace) == [(1, 5)]
    assert [one.state for one in operations.ingest_status(workspace)] == ["refused", "loaded"]
    files = [file(tmp_path, "id,n\n4,x\n", "a.csv"), file(tmp_path, "id,n\n5,1\n", "b.csv"), tmp_path / "good.csv"]
    assert [one.state for one in operations.ingest_load(workspace, DOCUMENT, files)] == ["refused", "loaded", "known"]
    assert rows(workspace) == [(1, 5), (5, 1)]


@pytest.mark.parametrize(
    "text", ["a\tb\r\n1\t2\r\n", "a|b\n1|2", "a,b\n\n1,2\n\n", '"a";"b"\n"1";"2"\n', " a , b \n1,2\n"]
)
def test_dialects(workspace: Workspace, tmp_path: Path, text: str) -> None:
    operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, text)])
    assert rows(workspace, "SELECT a, b FROM people") == [(1, 2)]


def test_without_a_header(workspace: Workspace, tmp_path: Path) -> None:
    document = replace(DOCUMENT, dialect=Dialect(header=False))
    operations.ingest_load(workspace, document, [file(tmp_path, "1,Ana\n2,Bruno\n")])
    assert rows(workspace, "SELECT c1, c2 FROM people ORDER BY 1") == [(1, "Ana"), (2, "Bruno")]


def test_a_quote_that_is_not_closed_costs_its_own_line(workspace: Workspace, tmp_path: Path) -> None:
    document = replace(DOCUMENT, reject=Decimal(1))
    (found,) = operations.ingest_load(workspace, document, [file(tmp_path, 'a,b\n0,z\n1,"x\n2,y\n')])
    assert (found.rows, found.bad) == (2, 1)
    assert rows(workspace) == [(0, "z"), (2, "y")]


def test_upsert_and_replace(workspace: Workspace, tmp_path: Path) -> None:
    upsert = replace(DOCUMENT, mode="upsert", key=("id",))
    operations.ingest_load(
        workspace, upsert, [file(tmp_path, "id,day,n\n1,2026-01-01,1\n1,2026-01-01,2\n2,2026-01-02,3\n")]
    )
    assert rows(workspace) == [(1, date(2026, 1, 1), 2), (2, date(2026, 1, 2), 3)], "of one key the last row counts"
    operations.ingest_load(workspace, upsert, [file(tmp_path, "id,n\n2,30\n3,40\n", "b.csv")])
    assert rows(workspace)[1:] == [(2, date(2026, 1, 2), 30), (3, None, 40)], "columns that are not there stay"
    (none,) = operations.ingest_load(workspace, upsert, [file(tmp_path, "id,n\n,1\n", "c.csv")])
    assert none.state == "refused"
    assert "id: no key" in str(none.message)
    day = replace(DOCUMENT, mode="replace", partition="day")
    operations.ingest_load(workspace, day, [file(tmp_path, "id,day,n\n9,2026-01-02,9\n", "d.csv")])
    assert rows(workspace) == [(1, date(2026, 1, 1), 2), (3, None, 40), (9, date(2026, 1, 2), 9)]
    for name in ("no-day.csv", "once-more.csv"):
        operations.ingest_load(workspace, day, [file(tmp_path, "id,day,n\n5,,5\n", name)])
        assert rows(workspace)[1:] == [(5, None, 5), (9, date(2026, 1, 2), 9)], "rows without a day are replaced too"
    whole, file_ = replace(DOCUMENT, mode="replace"), file(tmp_path, "id,day,n\n7,,7\n", "e.csv")
    with pytest.raises(EngineError, match='3 rows of the table "people" would be replaced by 1') as refused:
        operations.ingest_load(workspace, whole, [file_])
    assert (refused.value.path, refused.value.exit_code, len(rows(workspace))) == ("--allow-shrink", 1, 3)
    operations.ingest_load(workspace, whole, [file_], allow_shrink=True)
    assert rows(workspace) == [(7, None, 7)]


@pytest.mark.parametrize("partition", [None, "day"])
def test_a_replacement_without_rows_is_refused_whatever_is_allowed(
    workspace: Workspace, tmp_path: Path, partition: str | None
) -> None:
    whole = replace(DOCUMENT, mode="replace", partition=partition)
    operations.ingest_load(workspace, whole, [file(tmp_path, "id,day\n1,2026-01-01\n2,2026-01-01\n")])
    typed = {"id": LoadedColumn("id", ValueType.INTEGER), "day": LoadedColumn("day", ValueType.DATE)}
    bad = replace(whole, columns=typed, reject=Decimal(1))
    with pytest.raises(EngineError, match=r"later\.csv has no row to load, and would replace rows of the table"):
        operations.ingest_load(workspace, whole, [file(tmp_path, "id,day\n", "later.csv")], allow_shrink=True)
    assert [one.state for one in operations.ingest_status(workspace)] == ["loaded"]
    later = file(tmp_path, "id,day\nx,2026-01-01\n", "later.csv")
    (found,) = operations.ingest_load(workspace, bad, [later], allow_shrink=True)
    assert (found.state, str(found.message)[:20]) == ("refused", "later.csv has no row")
    assert len(rows(workspace)) == 2


def test_of_several_replacements_the_one_that_loses_rows_is_named(workspace: Workspace, tmp_path: Path) -> None:
    whole = replace(DOCUMENT, mode="replace")
    files = [file(tmp_path, text, name) for name, text in (("a.csv", "id\n1\n2\n3\n"), ("b.csv", "id\n9\n"))]
    first, second = operations.ingest_load(workspace, whole, files)
    assert (first.state, second.state, rows(workspace)) == ("loaded", "refused", [(1,), (2,), (3,)])
    assert "--allow-shrink" in str(second.hint)
    assert [one.state for one in operations.ingest_load(workspace, whole, files, allow_shrink=True)] == [
        "known",
        "loaded",
    ]


def test_a_column_more_is_refused_or_added(workspace: Workspace, tmp_path: Path) -> None:
    operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "id\n1\n")])
    more = file(tmp_path, "id,city\n2,Lima\n", "more.csv")
    with pytest.raises(EngineError, match='the table "people" has no column "city"'):
        operations.ingest_load(workspace, DOCUMENT, [more])
    assert operations.ingest_preview(workspace, DOCUMENT, more).not_in_table == ["city"]
    operations.ingest_load(workspace, replace(DOCUMENT, evolve="add"), [more])
    assert rows(workspace) == [(1, None), (2, "Lima")]


def test_json_lines_and_parquet(workspace: Workspace, tmp_path: Path) -> None:
    lines = [{"id": 1, "at": "2026-01-01T10:00:00Z", "tags": ["a"]}, {"id": 2, "more": {"x": 1}}, {"id": None}]
    text = "".join(json.dumps(one) + "\n" for one in lines) + "{broken\n"
    document = replace(DOCUMENT, reject=Decimal("0.5"))
    (found,) = operations.ingest_load(workspace, document, [file(tmp_path, text, "a.jsonl")])
    assert (found.rows, found.bad, found.reasons) == (3, 1, {"no JSON object": 1})
    assert rows(workspace, 'SELECT id, "at", tags, more FROM people ORDER BY id') == [
        (1, datetime(2026, 1, 1, 10, tzinfo=UTC), '["a"]', None),
        (2, None, None, '{"x":1}'),
        (None, None, None, None),
    ]
    with duckdb.connect() as made:
        made.execute(f"COPY (SELECT 5 AS id, [1, 2] AS l, 1.5::DOUBLE AS d) TO '{tmp_path / 'b.parquet'}'")
    operations.ingest_load(workspace, replace(DOCUMENT, into="other"), [tmp_path / "b.parquet"])
    assert rows(workspace, "SELECT * FROM other") == [(5, [1, 2], 1.5)]


def test_bad_rows_are_replayed_as_the_file_was_read_not_as_they_look(workspace: Workspace, tmp_path: Path) -> None:
    text = "id,born,n\n" + "".join(f'{i},01/{i + 12}/2020,"1,5"\n' for i in range(1, 10)) + '10,13/13/2020,"2,5"\n'
    (found,) = operations.ingest_load(
        workspace, replace(DOCUMENT, reject=Decimal("0.5"), columns=TYPED), [file(tmp_path, text)]
    )
    assert (found.rows, found.bad, found.doubts) == (9, 1, {})
    (record,) = operations.ingest_status(workspace)
    kept = Path(str(record.kept))
    kept.write_text(kept.read_text().replace("13/13/2020", "02/03/2020"))
    operations.ingest_replay(workspace, record.id)
    wanted = [(date(2020, 2, 3), Decimal("2.5000"))]
    assert rows(workspace, "SELECT born, n FROM people WHERE id = 10") == wanted, "the month stands first in this file"


def test_what_could_be_meant_the_other_way_round_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (found,) = operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "born,n\n01/02/2020,1.5\n")])
    assert found.doubts == {"born": "%d/%m/%Y"}


def test_bad_json_lines_are_replayed(workspace: Workspace, tmp_path: Path) -> None:
    columns = {"id": LoadedColumn("id", ValueType.INTEGER)}
    document = replace(DOCUMENT, columns=columns, reject=Decimal(1))
    operations.ingest_load(workspace, document, [file(tmp_path, '{"id": 1}\n{"id": "x"}\nnothing\n', "a.jsonl")])
    (record,) = operations.ingest_status(workspace)
    kept = Path(str(record.kept))
    told = [json.loads(line) for line in kept.read_text().splitlines()]
    assert sorted(({"row", "text"} & set(one)).pop() for one in told) == ["row", "text"]
    kept.write_text(kept.read_text().replace('"x"', "2"))
    assert operations.ingest_replay(workspace, record.id).rows == 1
    assert rows(workspace) == [(1,), (2,)]


def test_what_cannot_be_is_said(workspace: Workspace, tmp_path: Path) -> None:
    for text, name, document, message in (
        ("", "a.csv", DOCUMENT, "is empty"),
        ("a,b\n", "a.csv", DOCUMENT, "has no rows"),
        ("[1, 2]", "a.json", DOCUMENT, "no JSON object on any"),
        ("a,b\n1,2,3\n4,5,6\n", "a.csv", DOCUMENT, "the header of a.csv has 2 columns, and its rows have 3"),
        ("a;A\n1;2\n", "a.csv", DOCUMENT, 'has the column "a" twice'),
        ("User-ID,User ID\n1,2\n", "a.csv", DOCUMENT, 'would both be "user_id"'),
        ("a\n1\n", "a.csv", replace(DOCUMENT, columns={"b": LoadedColumn("B")}), 'the file has no column "B"'),
        ("a\n1\n", "a.csv", replace(DOCUMENT, key=("k",), mode="upsert"), 'no column for "k"'),
        ("no parquet", "a.parquet", DOCUMENT, "a.parquet is not Parquet"),
        ("a\n\xff\n", "a.csv", replace(DOCUMENT, dialect=Dialect(encoding="ascii")), "is not written in ascii"),
        ("a\n1\n", "a.csv", replace(DOCUMENT, dialect=Dialect(encoding="klingon")), "there is no encoding"),
    ):
        with pytest.raises(EngineError, match=message):
            operations.ingest_load(workspace, document, [file(tmp_path, text, name)])
    with pytest.raises(EngineError, match="there is no file"):
        operations.ingest_files(replace(DOCUMENT, path=str(tmp_path / "nothing.csv")))
    assert not list((workspace.folder / "warehouse").glob("kept/*"))
    operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "a\n1\n", "good.csv")])
    (tmp_path / "theirs").mkdir()
    file(tmp_path / "theirs", "a\n1\n")
    operations.connect(workspace, str(tmp_path / "theirs"))
    with pytest.raises(EngineError, match="a warehouse of somebody else"):
        operations.ingest_load(workspace, DOCUMENT, [tmp_path / "good.csv"])


def test_cancelled_nothing_is_left(workspace: Workspace, tmp_path: Path) -> None:
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "a\n1\n")], job)
    assert not (workspace.folder / "warehouse" / "warehouse.duckdb").exists()


def test_a_watched_folder(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    document = replace(DOCUMENT, path=str(folder / "day-*.csv"))
    seen: dict[Path, tuple[int, int]] = {}
    one = file(folder, "a\n1\n", "day-1.csv")
    file(folder, "a\n9\n", "other.csv")
    assert operations.ingest_watch(workspace, document, seen) == [], "it may still be written"
    os.utime(one, (time.time() - 60,) * 2)
    assert [found.file for found in operations.ingest_watch(workspace, document, seen)] == ["day-1.csv"]
    assert operations.ingest_watch(workspace, document, seen) == []
    os.utime(one, (time.time() - 50,) * 2)
    assert operations.ingest_watch(workspace, document, seen) == [], "the same content"
    one.write_text("a\n2\n")
    os.utime(one, (time.time() - 40,) * 2)
    assert len(operations.ingest_watch(workspace, document, {})) == 1
    assert rows(workspace) == [(1,), (2,)]


def test_who_looks_once_waits_until_a_file_is_at_rest(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = replace(DOCUMENT, path=str(tmp_path / "day-*.csv"))
    path = file(tmp_path, "a\n1\n", "day-1.csv")
    waits = []

    def rest(seconds: float) -> None:
        waits.append(seconds)
        os.utime(path, (time.time() - 60,) * 2)

    monkeypatch.setattr("engine.operations.ingesting.time.sleep", rest)
    assert [one.state for one in operations.ingest_watch(workspace, document, {}, once=True)] == ["loaded"]
    assert len(waits) == 1
    monkeypatch.setattr("engine.operations.ingesting.time.sleep", waits.append)
    file(tmp_path, "a\n2\n", "day-2.csv")
    found = operations.ingest_watch(workspace, document, {}, once=True)
    assert [(one.file, one.state) for one in found] == [("day-2.csv", "waiting")]


def test_a_file_in_any_layout_is_loaded_and_told(workspace: Workspace, tmp_path: Path) -> None:
    text = 'Vendas de janeiro\n\nid;nome\n1;José\n2;"Ana\n3;Bea\n4;""\n5;\n\nTotal;5\n'
    loaded = replace(DOCUMENT, reject=Decimal("0.5"))
    (found,) = operations.ingest_load(workspace, loaded, [file(tmp_path, text, encoding="cp1252")])
    assert (found.state, found.rows, found.bad) == ("loaded", 4, 1)
    assert list(found.remarks) == [
        "The text was read as Windows-1252.",
        "The first 2 lines stand above the table and were left out.",
        "The last 2 lines are totals or remarks and were left out.",
    ]
    assert rows(workspace) == [(1, "José"), (3, "Bea"), (4, ""), (5, None)]
    (record,) = operations.ingest_status(workspace)
    (kept,) = [json.loads(line) for line in Path(str(record.kept)).read_text(encoding="utf-8").splitlines()]
    assert (kept["line"], kept["text"]) == (5, '2;"Ana')


def test_bad_lines_of_json_have_their_numbers(workspace: Workspace, tmp_path: Path) -> None:
    text = '{"id": 1}\n\nnothing\n{"id": "\\ud83d"}\n\n[2]\n'
    document = replace(DOCUMENT, reject=Decimal(1), columns={"id": LoadedColumn("id", ValueType.STRING)})
    (found,) = operations.ingest_load(workspace, document, [file(tmp_path, text, "a.jsonl")])
    assert found.bad >= 2
    (record,) = operations.ingest_status(workspace)
    kept = [json.loads(line) for line in Path(str(record.kept)).read_text(encoding="utf-8").splitlines()]
    assert {3, 6} <= {one["line"] for one in kept}


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_a_file_is_there_once_or_not_at_all(tmp_path: Path, seed: int) -> None:
    operations.init(tmp_path / "ws").close()
    for part in range(3):
        file(tmp_path, "id,part\n" + "".join(f"{i},{part}\n" for i in range(40_000)), f"{part}.csv")
    command = [sys.executable, "-m", "engine.cli", "ingest", "load", str(tmp_path / "*.csv"), "--into", "people"]
    command += ["-w", str(tmp_path / "ws")]
    rng = random.Random(seed)
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 1.2))
        process.kill()
        process.wait()
        if (tmp_path / "ws" / "warehouse" / "warehouse.duckdb").exists():
            with Workspace(tmp_path / "ws") as workspace:
                operations.connect(workspace, "local:")
                counts = rows(workspace, "SELECT part, count(*), count(DISTINCT id) FROM people GROUP BY 1")
            assert {one[1:] for one in counts} == {(40_000, 40_000)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with Workspace(tmp_path / "ws") as workspace:
        assert rows(workspace, "SELECT part, count(*), count(DISTINCT id) FROM people GROUP BY 1 ORDER BY 1") == [
            (part, 40_000, 40_000) for part in range(3)
        ]
        assert len(operations.ingest_status(workspace)) == 3


def test_who_reads_meanwhile_reads_what_was_there(workspace: Workspace, tmp_path: Path) -> None:
    operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "a\n1\n")])
    with Workspace(workspace.folder) as other:
        assert rows(other) == [(1,)]
        operations.ingest_load(workspace, DOCUMENT, [file(tmp_path, "a\n2\n", "b.csv")])
        assert rows(other) == [(1,)]
        assert not other.warehouse.still_current()
        other.reload()
        assert rows(other) == [(1,), (2,)]
    assert datetime.now(UTC).year > 2025


def test_all_rows_decide_however_far_down(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows look like whole numbers and days; a later one says otherwise, and nothing is a bad row."""
    monkeypatch.setattr("engine.tabular.values.shapes.SAMPLE", 50)
    lines = [f"{i};{i};01/02/2026;{i}\n" for i in range(1, 200)]
    text = "id;amount;day;code\n" + "".join(lines) + "200;1.5;12/25/2026;007\n"
    (found,) = operations.ingest_load(workspace, replace(DOCUMENT, columns={}), [file(tmp_path, text, "a.csv")])
    assert (found.rows, found.bad, found.doubts) == (200, 0, {})
    kinds = "SELECT typeof(amount), typeof(day), typeof(code), day::VARCHAR, code FROM people WHERE id IN (7, 200) ORDER BY id"
    assert rows(workspace, kinds) == [
        ("DECIMAL(18,4)", "DATE", "VARCHAR", "2026-01-02", "7"),
        ("DECIMAL(18,4)", "DATE", "VARCHAR", "2026-12-25", "007"),
    ]


def test_numbers_of_json_are_exact(workspace: Workspace, tmp_path: Path) -> None:
    text = '{"id": 1, "v": 12345678901234.5678, "note": "a: 12345678901234.5678"}\n{"id": 2, "v": 1.10, "note": "b"}\n'
    (found,) = operations.ingest_load(workspace, replace(DOCUMENT, columns={}), [file(tmp_path, text, "a.jsonl")])
    assert (found.rows, found.bad) == (2, 0)
    assert rows(workspace, "SELECT v::VARCHAR, note FROM people ORDER BY id") == [
        ("12345678901234.5678", "a: 12345678901234.5678"),
        ("1.1000", "b"),
    ]
    text = '{"id": 1, "v": 1.12345}\n'
    columns = {"id": LoadedColumn("id"), "v": LoadedColumn("v", ValueType.DECIMAL)}
    (found,) = operations.ingest_load(
        workspace,
        replace(DOCUMENT, into="rounded", columns=columns, reject=Decimal(1)),
        [file(tmp_path, text, "b.jsonl")],
    )
    assert found.reasons == {"v: not a number": 1}


def test_json_has_a_decimal_point(workspace: Workspace, tmp_path: Path) -> None:
    document = replace(DOCUMENT, columns={})
    operations.ingest_load(workspace, document, [file(tmp_path, '{"v": 1.234}\n{"v": 12.345}\n', "a.jsonl")])
    assert rows(workspace, "SELECT v::DOUBLE FROM people ORDER BY 1") == [(1.234,), (12.345,)]
    with pytest.raises(EngineError, match="in two ways"):
        operations.ingest_load(
            workspace, replace(document, into="texts"), [file(tmp_path, '{"v": "1.234"}\n', "b.jsonl")]
        )

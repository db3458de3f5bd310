"""A Parquet page that its checksum does not fit gives no number, and what is sound is read for this once."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import EngineError
from engine.warehouses import parquet
from engine.warehouses.opening import open_warehouse
from engine.warehouses.parquet import FILE, sound, verify

TABLE = pa.table(
    {
        "id": list(range(20_000)),
        "city": [f"c{n % 9}" if n % 5 else None for n in range(20_000)],
        "tags": [[f"t{n % 3}", "x"] if n % 2 else None for n in range(20_000)],
        "place": [{"a": n, "b": str(n % 7)} for n in range(20_000)],
    }
)
KINDS: list[dict[str, object]] = [
    {"compression": "none"},
    {"compression": "zstd"},
    {"compression": "snappy", "data_page_version": "2.0"},
    {"compression": "gzip", "use_dictionary": False, "row_group_size": 3_000},
]


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    parquet._SOUND.clear()
    monkeypatch.setattr(parquet, "_WORTH", 0)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_damage_is_noticed_wherever_a_page_is(kind: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(TABLE, path, write_page_checksum=True, data_page_size=8_192, **kind)
    assert sound(path)
    whole, rng = path.read_bytes(), random.Random(3)
    pages = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
    unnoticed = []
    for _ in range(25):
        at = rng.randrange(4, pages - 64)
        changed = bytearray(whole)
        changed[at : at + 64] = bytes(64)
        path.write_bytes(changed)
        if bytes(changed) != whole and sound(path):
            unnoticed.append(at)
    # Within a header the bytes that follow may lead past the end: then DuckDB cannot read the file either.
    for at in unnoticed:
        changed = bytearray(whole)
        changed[at : at + 64] = bytes(64)
        path.write_bytes(changed)
        with pytest.raises(duckdb.Error), duckdb.connect() as connection:
            connection.execute(f"SELECT count(DISTINCT t::VARCHAR) FROM '{path}' AS t").fetchall()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_file_without_checksums_is_taken_as_it_is(kind: dict[str, object], tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "t.parquet", **kind)
    assert sound(tmp_path / "t.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM range(9)) TO '{tmp_path / 'd.parquet'}'")
    assert sound(tmp_path / "d.parquet")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nothing")
    assert sound(tmp_path / "x.parquet"), "its reader says what is wrong"
    pq.write_table(TABLE.slice(0, 0), tmp_path / "e.parquet", write_page_checksum=True)
    assert sound(tmp_path / "e.parquet")


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5_000:5_512] = bytes(512)
    path.write_bytes(data)


def test_a_connected_folder_gives_no_number_of_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "t.parquet"
    pq.write_table(TABLE, path, write_page_checksum=True, compression="none")
    with_sound = open_warehouse(str(tmp_path / "data"), tmp_path / "ws")
    assert with_sound.rows("SELECT count(*) FROM t") == [(20_000,)]
    with_sound.close()
    assert (tmp_path / "ws" / FILE).stat().st_mode & 0o077 == 0
    damaged(path)
    session = open_warehouse(str(tmp_path / "data"), tmp_path / "ws")
    with pytest.raises(EngineError, match=r"t.parquet is damaged: a page does not fit its checksum"):
        session.tables()
    session.close()


def test_a_sound_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(TABLE, path, write_page_checksum=True)
    asked: list[Path] = []
    real = parquet.sound

    def counted(one: Path) -> bool:
        asked.append(one)
        return real(one)

    monkeypatch.setattr(parquet, "sound", counted)
    for _ in range(3):
        verify([path], tmp_path / "memory")
        parquet._SOUND.clear()  # another process
    assert len(asked) == 1
    (tmp_path / "memory" / FILE).write_text("no JSON")
    verify([path], tmp_path / "memory")
    assert len(asked) == 2
    pq.write_table(TABLE.slice(1), path, write_page_checksum=True)
    verify([path], tmp_path / "memory")
    assert len(asked) == 3
    verify([tmp_path / "none"], tmp_path / "memory")


def test_decimals_that_nobody_reads_exactly_are_refused(tmp_path: Path) -> None:
    for digits in (38, 50):
        kind = pa.decimal128(38, 2) if digits == 38 else pa.decimal256(50, 2)
        pq.write_table(pa.table({"id": [1], "paid": pa.array([Decimal("1.10")], kind)}), tmp_path / f"{digits}.parquet")
    verify([tmp_path / "38.parquet"])
    with pytest.raises(EngineError, match='the decimals of "paid" have 50 digits'):
        verify([tmp_path / "50.parquet"])

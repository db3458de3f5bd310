"""JSON that notices when it was changed."""

from __future__ import annotations

import json

import pytest

from engine.durable import read_checked, with_checksum

_VALUE = {"run": 12, "map": "é.duckdb", "summary": {"people": 7, "share": 0.1}, "sources": []}


def test_every_changed_byte_is_noticed_or_says_the_same() -> None:
    data = with_checksum(_VALUE)
    assert read_checked(data) == _VALUE
    for place in range(len(data)):
        for bit in range(8):
            broken = data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
            try:
                found = read_checked(broken)
            except ValueError:
                continue
            assert {name: found.get(name) for name in _VALUE} == _VALUE


def test_a_file_of_an_earlier_version_has_no_checksum() -> None:
    assert read_checked(json.dumps(_VALUE).encode()) == _VALUE
    with pytest.raises(ValueError, match="no object"):
        read_checked(b"[1]")

"""JSON values become lines as they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.tabular import encodings
from engine.tabular.jsons import as_lines, is_json, needs_lines

VALUES = [{"a": 1}, {"s": 'x]},{"\\', "n": 12345678901234.5678}, [1, [2]], "te,xt", True, None, -1.5, {"o": {"p": []}}]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_the_values_of_an_array_and_of_a_stream(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "CHUNK", chunk)
    file, into = tmp_path / "t.json", tmp_path / "out"
    objects = [one for one in VALUES if isinstance(one, dict)]
    for text, wanted in (
        (json.dumps(VALUES), VALUES),
        (json.dumps(VALUES, indent=2), VALUES),
        ("\ufeff\n" + json.dumps(VALUES, separators=(",", ":")), VALUES),
        ("\n".join(json.dumps(one, indent=1) for one in objects), objects),
        ("[]", []),
    ):
        file.write_text(text, encoding="utf-8")
        assert as_lines(file, into, "t.json") == []
        lines = [line for line in into.read_text(encoding="utf-8").split("\n") if line]
        assert [json.loads(line) for line in lines] == wanted
    file.write_text('[{"a": 12345678901234567890.10}, {"a"', encoding="utf-8")
    as_lines(file, into, "t.json")
    assert into.read_text(encoding="utf-8").split("\n")[:2] == ['{"a": 12345678901234567890.10}', '{"a"']


def test_what_begins_as_json_does() -> None:
    for text in ('{"a": 1}\n', "[\n{", '{\n "a": 1\n}', "[1]", '\ufeff [{"a"', '{"a": "' + "x" * 100):
        assert is_json(text), text
    for text in ("{a},b\n1,2\n", "[id],n\n", "a,b\n", "", "{x\n"):
        assert not is_json(text), text
    assert needs_lines('{\n"a": 1}')
    assert needs_lines("[1]")
    assert not needs_lines('{"a": 1}\n{"a": 2}\n')

"""A line that is no record costs itself only."""

from __future__ import annotations

import io

import pytest

from engine.tabular.records import AFTER, OPEN, records

ROWS = "".join(f"{number},n{number}\n" for number in range(400))


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("id,name\n1,Ana\n", []),
        ('id,name\n1,"Ana"', []),
        ('id,name\n1,"Ana\nMaria"\n2,"B ""x"" y"\n', []),
        ('id,name\n1,An"a\n2,b\n', []),
        ('id,name\n1,"Ana\n2,Bruno\n', [(2, OPEN)]),
        ('id,"name\n1,Ana\n', [(1, OPEN)]),
        (f'id,name\n{ROWS}9,"Ana\n{ROWS}', [(402, OPEN)]),
        (f'id,name\n1,"two\nlines","and\nmore"\n{ROWS}9,x,"Ana\n{ROWS}', [(405, OPEN)]),
        ('id,name\r\n1,"a\r\nb"\r\n2,"Ana\r\n3,c', [(4, OPEN)]),
        ('id,name\n1,"Ana\n2,"b"\n3,c', [(2, AFTER)]),
        ("", []),
    ],
)
def test_the_line_is_found_and_the_others_are_read(text: str, broken: list[tuple[int, str]]) -> None:
    found = list(records(io.StringIO(text, newline=""), ","))
    assert [(one.line, one.why) for one in found if one.fields is None] == broken
    lines = sum(1 + one.text.count("\n") for one in found)
    assert lines == len(text.splitlines()), "every line is in one record"

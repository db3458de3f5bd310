"""Numbers of JSON keep every digit on the way in and out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ingest.exact import number, read, told, written


@pytest.mark.parametrize(
    "text",
    [
        "0.1",
        "100.50",
        "-19.9",
        "0.30000000000000004",
        "1e3",
        "1E-7",
        "12345678901234.5",
        "2.5e300",
        "0.000000000000001",
    ],
)
def test_what_a_double_holds_is_a_double(text: str) -> None:
    found = number(text)
    assert isinstance(found, float)
    assert Decimal(repr(found)) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234.5678",
        "0.12345678901234567890",
        "1e400",
        "-1e400",
        "1e-400",
        "9007199254740993.0",
        "1" * 40 + ".5",
    ],
)
def test_what_a_double_would_change_is_a_decimal_and_is_written_as_it_came(text: str) -> None:
    found = read(f'{{"a":[{text}],"b":"{text}"}}')
    assert found["a"] == [Decimal(text)]
    assert Decimal(written(found).split("[")[1].split("]")[0]) == Decimal(text)
    assert read(written(found)) == found


def test_a_number_that_no_decimal_has_stays_text() -> None:
    assert read('{"a":1e99999999999999999999}') == {"a": "1e99999999999999999999"}


def test_a_text_never_becomes_a_number() -> None:
    value = {"a": "decimal-0:5", "b": Decimal("0.12345678901234567890"), "c": '"1.5"'}
    assert read(written(value)) == value
    assert written({"a": "\ud83d"}, ascii_only=True) == '{"a": "\\ud83d"}'
    assert told({"a": "\ud83d"}) == '{"a": "\\ud83d"}'
    assert told({"a": "é", "b": Decimal("1.0")}) == '{"a": "é", "b": 1.0}'
    with pytest.raises(TypeError):
        written({"a": {1}})
    assert written({"a": {1}}, default=lambda _: "set") == '{"a": "set"}'


@settings(derandomize=True, max_examples=200, database=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_any_decimal_comes_back_the_same(value: Decimal) -> None:
    text = f"{value:f}"
    text = text if "." in text else f"{text}.0"
    found = read(f"[{text}]")
    assert Decimal(written(found)[1:-1]) == Decimal(text)

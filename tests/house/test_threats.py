"""Every line of the threat model is proved by tests that exist."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.support.threats import PAGE, ROOT, Threat, threats

LINES = threats(PAGE.read_text(encoding="utf-8"))


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_has_lines_with_names_of_their_own() -> None:
    assert len(LINES) > 20
    assert [name for name, count in Counter(line.name for line in LINES).items() if count > 1] == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_a_line_is_proved_by_tests_that_exist(line: Threat) -> None:
    assert line.tests
    assert [test for file, test in line.tests if test not in functions(file)] == []


def test_a_line_without_a_test_is_noticed() -> None:
    assert threats("| `sql-1` | a threat | a defence | nobody |") == [Threat("sql-1", ())]

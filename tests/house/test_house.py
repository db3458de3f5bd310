"""The rules of the house that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from engine import operations
from engine.errors import ERROR_CODES
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "engine", "sample_data", "tests")
FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|common|helpers?|misc)$|^base_")
FUNCTION_LINES, CLASS_LINES, CLASS_METHODS, FILE_LINES = 60, 300, 20, 600


def sources() -> list[Path]:
    found: list[Path] = []
    for package in PACKAGES:
        found += sorted((ROOT / package).rglob("*.py"))
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes_and_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES
    assert not FORBIDDEN_NAMES.search(path.stem)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, node.name
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < CLASS_LINES, node.name
            assert sum(isinstance(n, ast.FunctionDef) for n in node.body) <= CLASS_METHODS, node.name


QT_METHODS = {
    *("sizeHint", "mimeData", "redo", "undo", "id", "addItem", "count", "itemAt", "takeAt", "expandingDirections"),
    *("hasHeightForWidth", "heightForWidth", "setGeometry", "minimumSize", "eventFilter", "isComplete"),
    "initializePage",
}


@cache
def documented_in_classes() -> set[str]:
    """Methods that some class of the app documents: one that overrides it need not say it again."""
    found = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                found |= {n.name for n in methods if ast.get_docstring(n)}
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_public_things_have_docstrings(path: Path) -> None:
    if path.is_relative_to(ROOT / "tests"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "module"
    overrides = QT_METHODS | documented_in_classes()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        nested = any(
            node in ast.walk(other) and other is not node
            for other in ast.walk(tree)
            if isinstance(other, ast.FunctionDef) or (isinstance(other, ast.ClassDef) and other.name.startswith("_"))
        )
        if nested or node.name in overrides or node.name.endswith("Event") or node.name == "mergeWith":
            continue
        assert ast.get_docstring(node), f"{node.name} (line {node.lineno})"


def test_the_tests_mirror_the_tree() -> None:
    """Every test file of a package is named after a module there; every package of the engine has tests."""
    for package in ("engine", "app"):
        for test in (ROOT / "tests" / package).rglob("test_*.py"):
            inside = test.relative_to(ROOT / "tests").parent
            assert (ROOT / inside / f"{test.stem.removeprefix('test_')}.py").exists(), test
    tested = {p.parent.name for p in (ROOT / "tests" / "engine").rglob("test_*.py")}
    tree = {p.name for p in (ROOT / "engine").iterdir() if (p / "__init__.py").exists()}
    assert tree - tested == set()


def test_every_operation_is_reachable_from_the_command_line_or_the_app() -> None:
    cli = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "engine" / "cli").glob("*.py"))
    worker = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "engine" / "worker").glob("*.py"))
    for_the_app = {
        "audience_page", "overview", "save", "save_all", "apply_model_text", "past_size", "prepare_sample", "save_destination", "size_document", "values",
    }  # fmt: skip
    for name in operations.__all__:
        if name in for_the_app:
            assert re.search(rf"\b{name}\b", worker), name
        else:
            assert re.search(rf"operations\.{name}\b|import {name}\b|import Workspace", cli), name


def test_every_setting_and_error_code_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for field in fields(Settings):
        assert f"`{field.name}`" in readme, field.name
    for code, (exit_code, _) in ERROR_CODES.items():
        assert re.search(rf"\| `{code}` \| {exit_code} \|", readme), code


def test_every_error_code_used_is_known() -> None:
    used = [
        (code, path.name)
        for path in (ROOT / "engine").rglob("*.py")
        for code in re.findall(r'EngineError\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    ]
    assert len(used) > 100
    assert {code for code, _ in used} <= ERROR_CODES.keys(), used


def test_nothing_heavy_loads_with_the_app_and_no_qt_with_the_engine() -> None:
    def modules(code: str) -> set[str]:
        command = [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"]
        return set(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())

    app = modules("import app.__main__")
    assert not app & {"pandas", "sklearn", "duckdb", "pyarrow", "sqlglot", "apsw", "numpy"}
    engine = modules("import engine.operations, engine.worker.loop, engine.cli.commands, engine.operations.machine")
    assert not {m for m in engine if m.startswith("PySide6")}


def test_icons_that_are_named_exist() -> None:
    icons = {p.stem for p in (ROOT / "resources" / "icons").glob("*.svg")}
    named = {
        name
        for path in (ROOT / "app").rglob("*.py")
        for name in re.findall(r'icon\("([a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert named <= icons


def test_sql_is_never_made_by_string_formatting_in_the_rules() -> None:
    def formatted(tree: ast.AST) -> list[str]:
        """The texts with holes of a module that look like SQL."""
        found = [
            "".join(v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str))
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
        ]
        return [text for text in found if re.search(r"\b(FROM|JOIN|INSERT|GROUP BY)\b", text)]

    assert formatted(ast.parse('f"SELECT 1 FROM {name}"')) == ["SELECT 1 FROM "]
    modules = sorted((ROOT / "engine" / "sql").glob("*.py"))
    assert len(modules) > 20
    assert {path.name: formatted(ast.parse(path.read_text(encoding="utf-8"))) for path in modules} == {
        path.name: [] for path in modules
    }


# -- tests that assert nothing ---------------------------------------------------------------------------------------------


def _asserting(node: ast.AST) -> list[ast.AST]:
    """What of a test may fail by itself: assertions, and blocks that expect an error."""

    def expects(one: ast.AST) -> bool:
        return isinstance(one, ast.With) and any("raises" in ast.unparse(item.context_expr) for item in one.items)

    return [one for one in ast.walk(node) if isinstance(one, ast.Assert) or expects(one)]


def _may_be_empty(loop: ast.For, test: ast.FunctionDef) -> bool:
    """Whether a loop could have no turn, as far as one sees: it is not over a literal, a constant or a range."""
    listed: ast.expr = loop.iter
    while isinstance(listed, ast.Call):
        inner = (
            listed.func.value
            if isinstance(listed.func, ast.Attribute)
            else listed.args[0]
            if listed.args
            else listed.func
        )
        if isinstance(listed.func, ast.Name) and listed.func.id in ("range", "fields"):
            return False
        if not (
            isinstance(listed.func, ast.Attribute) or (isinstance(listed.func, ast.Name) and listed.func.id in _SAME)
        ):
            return True
        listed = inner
    if isinstance(listed, ast.Name):
        literals = (ast.Tuple, ast.List, ast.Set, ast.Dict)
        made = [
            one.value
            for one in ast.walk(test)
            if isinstance(one, ast.Assign | ast.AnnAssign)
            and any(isinstance(name, ast.Name) and name.id == listed.id for name in ast.walk(one))
        ]
        return not listed.id.isupper() and not any(isinstance(one, literals) for one in made)
    if isinstance(listed, ast.Attribute):
        return not listed.attr.strip("_").isupper() and listed.attr != "__all__"
    return not isinstance(listed, ast.Tuple | ast.List | ast.Set | ast.Dict)


_SAME = ("enumerate", "zip", "sorted", "reversed", "list", "tuple", "set")


def idle_tests(tree: ast.Module) -> list[str]:
    """Tests that assert something only in turns of a loop that may have none. Generated ones (Hypothesis) have many
    examples, of which some have turns."""
    found = []
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
            continue
        if any("given" in ast.unparse(one) for one in test.decorator_list):
            continue
        every = _asserting(test)
        loops = [one for one in ast.walk(test) if isinstance(one, ast.For) and _may_be_empty(one, test)]
        within = {id(one) for loop in loops for one in _asserting(loop)}
        if every and all(id(one) in within for one in every):
            found.append(test.name)
    return found


def test_no_test_asserts_only_in_a_loop_that_may_be_empty() -> None:
    sample = """
def test_idle(folder):
    for path in folder.glob("*"):
        assert path.exists()
def test_of_a_literal():
    for one in (1, 2):
        assert one
def test_of_a_local_one():
    cases = {"a": 1}
    for one in cases.items():
        assert one
def test_that_counts(found):
    assert len(found) == 2
    for one in found:
        assert one
"""
    assert idle_tests(ast.parse(sample)) == ["test_idle"]
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(tests) > 100
    found = {str(path.relative_to(ROOT)): idle_tests(ast.parse(path.read_text(encoding="utf-8"))) for path in tests}
    assert {path: names for path, names in found.items() if names} == {}

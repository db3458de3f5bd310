"""Which tests go through which lines, so that a fault meets first the tests that can notice it."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from coverage import CoverageData

from tests.mutants.faults import Fault
from tests.mutants.rooms import ROOT, further, mirror, sources

MAP = ROOT / "build" / "mutants-map.json"
_SETTINGS = """[run]
branch = false
source = .
omit = tests/*
data_file = {0}
"""
_LEFT_OUT = "not killed and not kills and not three_hundred and not any_point and not breaks_anywhere and not anything_that_happens"
"""Deaths of whole processes, which no line of the test's own process tells of."""


def make(tests: list[str]) -> None:
    """Run tests once, slowly, folder by folder, and keep which lines each went through."""
    folder = MAP.parent / "mutants-coverage"
    folder.mkdir(parents=True, exist_ok=True)
    data, report = folder / "data", folder / "report.xml"
    (folder / "settings").write_text(_SETTINGS.format(data), encoding="utf-8")
    for part in tests:
        data.unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", "pytest", part, "-p", "no:xvfb", "-k", _LEFT_OUT),
            *("--cov", f"--cov-config={folder / 'settings'}", "--cov-context=test", "--cov-report="),
            *(f"--junitxml={report}", "-o", "junit_duration_report=total"),
        ]
        environment = os.environ | {"PYTHONHASHSEED": "0", "QT_QPA_PLATFORM": "offscreen"}
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        keep(data, report)


def keep(data: Path, report: Path) -> None:
    """Take what coverage measured into the map, in place of what it had of the same tests."""
    seconds = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 — our own file
        if all(case.find(one) is None for one in ("failure", "error", "skipped")):
            name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}"
            seconds[name] = float(case.attrib["time"])
    known = json.loads(MAP.read_text(encoding="utf-8")) if MAP.exists() else {"seconds": {}, "modules": {}}
    known["seconds"] |= seconds
    measured = CoverageData(str(data))
    measured.read()
    for file in measured.measured_files():
        path = Path(file)
        if path.is_relative_to(ROOT) and path.exists():
            _take(known["modules"], path, measured, seconds)
    MAP.parent.mkdir(exist_ok=True)
    MAP.write_text(json.dumps(known), encoding="utf-8")


def _take(modules: dict[str, Any], path: Path, measured: CoverageData, seconds: dict[str, float]) -> None:
    """What was measured of one module; other tests' lines stay while its text is the same."""
    text = path.read_bytes()
    sha256 = hashlib.sha256(text).hexdigest()
    before = modules.get(path.relative_to(ROOT).as_posix(), {})
    same = before.get("sha256") == sha256

    def others(names: Any) -> set[str]:
        return {one for one in names if one not in seconds}

    lines = {int(line): others(names) for line, names in before.get("lines", {}).items()} if same else {}
    for line, contexts in measured.contexts_by_lineno(str(path)).items():
        found = {one.rsplit("|", 1)[0] for one in contexts} & seconds.keys()
        lines.setdefault(line, set()).update(found)
    functions = {name: others(names) for name, names in before.get("functions", {}).items()}
    for name, (first, last) in spans(text).items():
        for line in range(first + 1, last + 1):
            functions.setdefault(name, set()).update(lines.get(line, ()))
    modules[path.relative_to(ROOT).as_posix()] = {
        "sha256": sha256,
        "lines": {line: sorted(names) for line, names in lines.items() if names},
        "functions": {name: sorted(names) for name, names in functions.items() if names},
    }


def spans(text: bytes) -> dict[str, tuple[int, int]]:
    """The lines of each function, by its name within the module."""
    found: dict[str, tuple[int, int]] = {}

    def walk(node: ast.AST, path: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                within = (*path, child.name)
                if not isinstance(child, ast.ClassDef):
                    found[".".join(within)] = child.lineno, child.end_lineno or child.lineno
                walk(child, within)
            else:
                walk(child, path)

    walk(ast.parse(text), ())
    return found


class Map:
    """The map, read."""

    def __init__(self) -> None:
        read = json.loads(MAP.read_text(encoding="utf-8")) if MAP.exists() else {"seconds": {}, "modules": {}}
        self.seconds: dict[str, float] = read["seconds"]
        self.names = sorted(self.seconds)
        self._modules: dict[str, Any] = read["modules"]

    def tests_of(self, fault: Fault) -> list[str]:
        """The tests that go through the place of a fault; none where the map does not know it."""
        if fault.path.suffix == ".sql":
            return self._of_query(fault.path.stem)
        known = self._module(fault.path)
        if known is None:
            return []
        if known["sha256"] == hashlib.sha256(fault.path.read_bytes()).hexdigest():
            last = fault.line + fault.path.read_bytes()[fault.edit[0] : fault.edit[1]].count(b"\n")
            return self._named(known["lines"].get(str(line), ()) for line in range(fault.line, last + 1))
        return self._named([known["functions"].get(fault.function, ())])

    def _named(self, groups: Any) -> list[str]:
        return sorted({name for group in groups for name in group})

    def _module(self, path: Path) -> Any:
        exact = path.relative_to(ROOT).as_posix()
        if exact in self._modules:
            return self._modules[exact]
        end = "/".join(path.parts[-2:])
        return next((known for name, known in self._modules.items() if name.endswith(f"/{end}")), None)

    def _of_query(self, query: str) -> list[str]:
        """The tests that go through a function in which the query is named."""
        found: set[str] = set()
        for path in sources():
            if path.suffix == ".py" and f'"{query}"' in (text := path.read_text(encoding="utf-8")):
                known = self._module(path)
                ranges = spans(text.encode())
                for number, line in enumerate(text.splitlines(), 1):
                    if f'"{query}"' in line and known is not None:
                        within = [name for name, (first, last) in ranges.items() if first <= number <= last]
                        found.update(self._named(known["functions"].get(name, ()) for name in within[-1:]))
        return sorted(found)

    def order(self, fault: Fault, most: float) -> list[str]:
        """The tests to run, those beside the module first, then the cheapest files, as many as take ``most`` seconds."""
        beside = {one.relative_to(ROOT).as_posix() for one in mirror(fault.path)}
        wanted = set(self.tests_of(fault))
        explicit = [name for name in self.names if any(name.startswith(one) for one in fault.tests)]
        if not wanted:
            wanted = {name for name in self.names if name.split("::")[0] in beside}
        wanted |= set(explicit)
        whole = list(dict.fromkeys([*fault.tests, *sorted(beside)]))  # the server runs what of these is not in the map
        others = [one for one in further(fault) if one not in whole]
        if not wanted:
            return [*whole, *others]
        files: dict[str, list[str]] = defaultdict(list)
        for name in wanted:
            files[name.split("::")[0]].append(name)
        cost = {file: sum(self.seconds[name] for name in names) for file, names in files.items()}
        first = {name.split("::")[0] for name in explicit}
        order = sorted(files, key=lambda file: (file not in first, file not in beside, cost[file], file))
        result: list[str] = whole
        left = most
        for file in order:
            for name in sorted(files[file], key=lambda name: (name not in explicit, self.seconds[name], name)):
                if left - self.seconds[name] > 0 or not result or name in explicit:
                    left -= self.seconds[name]
                    result.append(name)
        return [*result, *others]

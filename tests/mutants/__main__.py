"""`make mutants`: puts hundreds of small faults into the program, one at a time, and names those that no test notices.

python -m tests.mutants map              which tests go through which lines (once, some minutes)
python -m tests.mutants run [ROOM …]     the faults of these rooms, or of all
python -m tests.mutants again [ROOM …]   only those that were not noticed, or not run
python -m tests.mutants list [ROOM …]    their names

``CONVOKE_FAULTS_LIKE`` (a regular expression of names) leaves out the others; ``CONVOKE_FAULT_SECONDS`` is how long tests
run against one fault.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.mutants.faults import Fault
from tests.mutants.map import Map, make
from tests.mutants.named import NAMED
from tests.mutants.rooms import ROOMS, ROOT, by_hand, mirror, plan

OUT = ROOT / "build" / "mutants.json"
LINES = ROOT / "build" / "mutants.jsonl"
"""As they come, a line a fault; several runs at once may write there."""
ACCEPTED = Path(__file__).with_name("survivors.json")
MOST_SECONDS = float(os.environ.get("CONVOKE_FAULT_SECONDS", "100"))
"""How long tests run against one fault, of their own time; a first pass with 15 finds most of what is found."""
MAPPED = [
    *(
        f"tests/engine/{one}"
        for one in (
            "domain",
            "sql",
            "quality",
            "store",
            "membership",
            "bitmap",
            "activation",
            "ingest",
            "identity",
            "api",
            "daemon",
        )
    ),
    *(
        "tests/app/test_document.py",
        "tests/app/test_session.py",
        "tests/app/canvas",
        "tests/app/insights",
        "tests/engine/operations",
    ),
]
"""Test files that faults meet, as they are measured."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _copied(target: Path) -> None:
    """The tree as it is, without what is built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name in (".venv", ".tools"):
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)


def _asked(fault: Fault, known: Map, tree: Path) -> dict[str, Any]:
    tests = known.order(fault, MOST_SECONDS)
    return {
        "name": fault.name,
        "path": str(tree / fault.path.relative_to(ROOT)),
        "after": fault.applied().decode(),
        "tests": tests,
        "most": MOST_SECONDS,
        "estimate": sum(known.seconds.get(name, 30.0) for name in tests),
    }


def run(faults: list[Fault]) -> None:
    """Run the tests against faults, and keep what came of each."""
    known = Map()
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        scratch = Path(name)
        tree = scratch / "tree"
        tree.mkdir()
        _copied(tree)
        asked = [_asked(fault, known, tree) for fault in faults]
        files = {test.split("::")[0] for one in asked for test in one["tests"]}
        files |= {test.relative_to(ROOT).as_posix() for fault in faults for test in mirror(fault.path)}
        LINES.parent.mkdir(exist_ok=True)
        there = sorted(one for one in files if (tree / one).exists())
        (scratch / "plan.json").write_text(
            json.dumps({"faults": asked, "files": there, "out": str(LINES), "scratch": name, "known": known.names}),
            encoding="utf-8",
        )
        environment = os.environ | {
            "PYTHONPATH": str(tree),
            "PYTHONHASHSEED": "0",
            "QT_QPA_PLATFORM": "offscreen",
            "CONVOKE_FAULTS_OF": name,
        }
        command = [sys.executable, "-m", "tests.mutants.server", str(scratch / "plan.json")]
        subprocess.run(command, cwd=tree, env=environment, check=False)


def _kept() -> dict[str, dict[str, Any]]:
    """What came of each fault at last."""
    if not LINES.exists():
        return {}
    found = [json.loads(line) for line in LINES.read_text(encoding="utf-8").splitlines()]
    return {one["name"]: one for one in found}


def report(faults: list[Fault]) -> bool:
    """Say what came of the faults: each survivor by its name, then one line."""
    kept, accepted = _kept(), json.loads(ACCEPTED.read_text(encoding="utf-8"))
    states: Counter[str] = Counter()
    rooms: dict[str, Counter[str]] = {}
    for fault in faults:
        state = kept.get(fault.name, {"state": "not run"})["state"]
        states[state] += 1
        rooms.setdefault(fault.room, Counter())[state] += 1
        if state == "survived":
            reason = accepted.get(fault.name)
            states["explained" if reason else "unexplained"] += 1
            states["equivalent"] += bool(reason and reason.startswith("equivalent"))
            _say(f"survived: {fault.name} ({fault.path.relative_to(ROOT)}:{fault.line}): {reason or 'NO REASON'}")
    gone = [one for one in NAMED if by_hand(one) is None]
    for end, where, before, *_ in gone:
        _say(f"gone: {end} {where}: {before}: write it down anew, or take it out of the list")
    stale = accepted.keys() - {fault.name for fault in faults}
    for name in sorted(stale):
        _say(f"stale: the reason of {name}")
    for room, counts in sorted(rooms.items()):
        _say(
            f"{room:12} {counts['noticed']} of {counts.total()} noticed, {counts['survived']} survived, "
            f"{counts['unfinished'] + counts['not run']} not run to the end"
        )
    now = [kept.get(fault.name, {"name": fault.name, "state": "not run"}) for fault in faults]
    OUT.write_text(json.dumps(now, indent=1, ensure_ascii=False), encoding="utf-8")
    left = states["not run"] + states["unfinished"]
    share = 100 * states["noticed"] / max(len(faults) - states["equivalent"] - left, 1)
    _say(
        f"{states['noticed']} of {len(faults)} faults noticed ({share:.1f} % of those that change anything); {states['survived']} survived, "
        f"{states['equivalent']} of them equivalent, {states['unexplained']} without a reason; {left} not run to the end"
    )
    return states["unexplained"] == 0 and left == 0 and not gone and not stale


def main(arguments: list[str]) -> int:
    """The command line."""
    command, rooms = (arguments[0] if arguments else "run"), arguments[1:]
    if command == "map":
        make(rooms or MAPPED)
        return 0
    everything = plan()
    wanted = [fault for fault in everything if not rooms or fault.room in rooms]
    unknown = set(rooms) - {fault.room for fault in everything}
    if unknown:
        _say(f"no room is called {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
        return 2
    like = os.environ.get("CONVOKE_FAULTS_LIKE")
    if like:
        wanted = [fault for fault in wanted if re.search(like, fault.name)]
    if command == "list":
        for fault in wanted:
            _say(f"{fault.path.relative_to(ROOT)}:{fault.line}  {fault.name}")
        return 0
    if command == "again":
        kept = _kept()
        wanted = [fault for fault in wanted if kept.get(fault.name, {"state": ""})["state"] != "noticed"]
    if command in ("run", "again"):
        run(wanted)
    return 0 if report(everything) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

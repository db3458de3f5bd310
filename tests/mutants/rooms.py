"""The rooms of the house that faults are put into, and how many; found in the tree by name, wherever it lies."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.mutants.faults import Fault, drawn, faults_of
from tests.mutants.named import NAMED, Named

ROOT = Path(__file__).parents[2]
ROOMS: dict[str, tuple[str, int]] = {
    "domain": ("engine/domain", 40),
    "sql": ("engine/sql", 36),
    "membership": ("engine/membership", 30),
    "bitmap": ("engine/bitmap", 34),
    "activation": ("engine/activation", 28),
    "store": ("engine/store", 36),
    "daemon": ("engine/daemon", 16),
    "identity": ("engine/identity", 32),
    "ingest": ("engine/ingest", 30),
    "quality": ("engine/quality", 24),
    "api": ("engine/api", 18),
    "session": ("app/session.py", 10),
    "document": ("app/document.py", 5),
    "drop_rules": ("app/canvas/drop_rules.py", 10),
}
"""By its name where a room lies (the end of its path), and how many faults are drawn there."""


@cache
def sources() -> tuple[Path, ...]:
    """Every module and every query of the program."""
    left_out = {"tests", "build", "sample_data", "packaging", "resources"}
    found = []
    for folder in sorted(ROOT.iterdir()):
        if folder.is_dir() and folder.name not in left_out and not folder.name.startswith("."):
            found += [one for one in sorted(folder.rglob("*")) if one.suffix in (".py", ".sql")]
    return tuple(found)


def files_of(room: str) -> list[Path]:
    """The modules and queries of a room."""
    end = ROOMS[room][0]
    named = [one for one in sources() if one.as_posix().endswith(f"/{end}") or f"/{end}/" in one.as_posix()]
    return [one for one in named if one.name != "__init__.py" and "migrations" not in one.parts]


def module(end: str) -> Path:
    """The one file whose path ends so."""
    found = [one for one in sources() if one.as_posix().endswith(f"/{end}")]
    if len(found) != 1:
        raise LookupError(f"{end}: {len(found)} files are called so")
    return found[0]


FURTHER: dict[str, tuple[str, ...]] = {
    "membership": ("engine/operations/test_running.py", "engine/operations/test_exploring.py"),
    "bitmap": ("engine/operations/test_running.py", "engine/membership/test_portfolio.py"),
    "activation": ("engine/operations/test_delivering.py", "engine/operations/test_ending.py"),
    "identity": ("engine/operations/test_deciding.py", "engine/operations/test_identifying.py"),
    "ingest": ("engine/operations/test_ingesting.py", "engine/operations/test_collecting.py"),
    "quality": ("engine/operations/test_contracting.py", "engine/operations/test_gating.py"),
    "daemon": ("engine/operations/test_alerting.py",),
    "session": ("app/test_main_window.py", "app/test_opening.py"),
    "store/activation": ("engine/operations/test_delivering.py", "engine/operations/test_ending.py"),
    "store/alerts": ("engine/operations/test_alerting.py",),
    "store/audiences": ("engine/operations/test_planning.py", "engine/operations/test_listing.py"),
    "store/bitmaps": ("engine/bitmap/test_reading.py", "engine/operations/test_running.py"),
    "store/counters": ("engine/bitmap/test_sliding.py", "engine/operations/test_running.py"),
    "store/erasures": ("engine/operations/test_erasing.py",),
    "store/following": ("engine/operations/test_following.py",),
    "store/identity": ("engine/operations/test_deciding.py", "engine/operations/test_identifying.py"),
    "store/models": ("engine/operations/test_modelling.py", "engine/operations/test_onboarding.py"),
    "store/ordinals": ("engine/bitmap/test_ordinals.py", "engine/bitmap/test_reading.py"),
    "store/quality": ("engine/operations/test_contracting.py", "engine/operations/test_gating.py"),
    "store/repeats": ("engine/api/test_making.py",),
    "store/runs": ("engine/operations/test_running.py", "engine/operations/test_exploring.py"),
    "store/schedules": ("engine/daemon/test_queue.py",),
    "store/scores": ("engine/operations/test_score_schedule.py", "engine/operations/test_lookalikes.py"),
    "store/secret_names": ("engine/operations/test_sealing.py",),
    "store/tokens": ("engine/api/test_making.py",),
    "store/traits": ("engine/operations/test_traits.py",),
}
"""By room, or by module of it, the test files beside the mirror that must notice."""


def further(fault: Fault) -> list[str]:
    """The test files of other rooms that must notice a fault; a query is of the module that names it."""
    stems = [fault.path.stem]
    if fault.path.suffix == ".sql":
        named = f'"{fault.path.stem}"'
        folder = fault.path.parents[1]
        stems = [one.stem for one in sorted(folder.glob("*.py")) if named in one.read_text(encoding="utf-8")]
    found = [*(f"{fault.room}/{stem}" for stem in stems), fault.room]
    files = [file for one in found for file in FURTHER.get(one, ())]
    return [f"tests/{file}" for file in dict.fromkeys(files) if (ROOT / "tests" / file).exists()]


def mirror(path: Path) -> list[Path]:
    """The test files beside a module: its own, or those of its whole room where it has none."""
    path = path.parent if path.suffix == ".sql" else path
    every = sorted((ROOT / "tests").rglob("test_*.py"))
    parts = path.parent.relative_to(ROOT).parts
    room = [one for one in every if one.parent.relative_to(ROOT / "tests").parts == parts]
    room = room or [one for one in every if one.parent.name == path.parent.name]  # of a query, or of a room that moved
    return [one for one in room if one.stem == f"test_{path.stem}"] or room


def plan() -> list[Fault]:
    """Every fault: those drawn, room by room, and those written by hand."""
    found: list[Fault] = []
    for room, (_, count) in ROOMS.items():
        files = files_of(room)
        queries = [fault for file in files if file.suffix == ".sql" for fault in faults_of(file, room)]
        code = [fault for file in files if file.suffix == ".py" for fault in faults_of(file, room)]
        of_queries = min(len(queries), count // 3)
        found += drawn(queries, of_queries) + drawn(code, count - of_queries)
    return found + [fault for fault in map(by_hand, NAMED) if fault is not None]


def by_hand(one: Named) -> Fault | None:
    """A fault that somebody wrote down: a text for the next one of its kind after a place; None when it is not there."""
    end, where, before, after, tests = one
    try:
        path = module(end)
    except LookupError:
        return None
    text = path.read_text(encoding="utf-8")
    at = text.find(before, max(text.find(where), 0))
    if at < 0 or where not in text:
        return None
    begin = len(text[:at].encode())
    line = text[:at].count("\n") + 1
    edit = begin, begin + len(before.encode()), after
    fault = Fault(
        path, "named", where.removeprefix("def ") or "module", "by hand", f"{before} → {after}", 0, edit, line
    )
    return replace(fault, tests=tests)

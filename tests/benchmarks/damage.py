"""`make proof-damage [FLIPS=1000] [FILES="store packs"]`: bytes of every file that Convoke keeps are damaged, then read.

Each answer has to be the undamaged one, or one sentence with a remedy: never a wrong number, a traceback, a process that
dies or hangs. Figures go to build/damage.json as they come, so that a stopped proof still counts.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks.report import BUILD, write
from tests.support.damaged_worlds import WORLDS, World
from tests.support.damaging import GOOD, KINDS, Answered, Kind, answers, damaged, judged
from tests.support.power import copy
from tests.support.warm import warm

_SHOWN = 400


def tried(
    world: World, base: Path, work: Path, target: str, kind: Kind, rng: random.Random
) -> dict[str, Answered] | None:
    """Damage one file of a target in a copy of a world, and ask; None where the kind does nothing to it."""
    copy(base / "now", work)
    found = sorted(one for pattern in world.targets[target] for one in work.glob(pattern) if one.is_file())
    found = [one for one in found if one.stat().st_size]
    assert found, f"{world.name} has no {target}"
    path = rng.choice(found)
    about = path.stat()
    former = base / "older" / path.relative_to(work)
    data = path.read_bytes()
    broken = damaged(kind, data, rng, former.read_bytes() if former.is_file() else None)
    if broken == data:
        return None
    path.write_bytes(broken)
    if rng.random() < 0.5:  # a disk that loses bits does not say when
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    return judged(answers(world.ask, work), world.right, world.fits(kind == "older" or target == "wal"))


def target_figures(world: World, base: Path, target: str, flips: int, work: Path, seed: int = 0) -> dict[str, Any]:
    """So many damages of a target: answers by verdict, and examples of what is not good."""
    verdicts: Counter[str] = Counter()
    by_kind: Counter[str] = Counter()
    examples: dict[str, str] = {}
    tries = place = 0
    while tries < flips and place < 4 * flips + 8:
        kind = KINDS[place % len(KINDS)]
        rng = random.Random(f"{target} {seed} {place}")
        place += 1
        found = tried(world, base, work, target, kind, rng)
        if found is None:
            continue
        tries += 1
        by_kind[kind] += 1
        for name, one in found.items():
            verdicts[one.verdict] += 1
            if one.verdict not in GOOD:
                examples.setdefault(
                    f"{one.verdict} {name} {kind}", f"#{place - 1} {one.text[-_SHOWN:]} {str(one.value)[:_SHOWN]}"
                )
    return {"damages": tries, "kinds": dict(by_kind), "answers": dict(verdicts), "faults": examples}


def main() -> int:
    """Every target of every world."""
    flips = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    wanted = set(sys.argv[2:])
    warm()
    started = perf_counter()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        for world in WORLDS:
            targets = [one for one in world.targets if not wanted or one in wanted]
            if not targets:
                continue
            base = Path(name) / world.name
            work = base / "at"
            world.prepare(base)
            for target in targets:
                began = perf_counter()
                figures[target] = target_figures(world, base, target, flips, work)
                figures[target]["seconds"] = round(perf_counter() - began, 1)
                sys.stdout.write(f"{target}: {figures[target]['damages']} {figures[target]['answers']}\n")
                for about, text in figures[target]["faults"].items():
                    sys.stdout.write(f"    {about}: {text}\n")
                sys.stdout.flush()
                write("damage", figures, None, None, "answers", "")
            shutil.rmtree(base)
    total: Counter[str] = Counter()
    for one in figures.values():
        total.update(one["answers"])
    bad = sum(count for verdict, count in total.items() if verdict not in GOOD)
    many = sum(one["damages"] for one in figures.values())
    line = (
        f"{many} damages of {len(figures)} kinds of files: {total['right']} answers right, {total['sentence']} sentences, "
        f"{total['wrong']} wrong, {total['traceback']} tracebacks, {total['died']} deaths, {total['hung']} hangs, "
        f"{total['bare']} without a remedy ({round(perf_counter() - started)} s)"
    )
    write("damage", figures, None, None, "answers", line)
    return 1 if bad else 0


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    sys.exit(main())

"""`make bench`: how long the window is ever held up, by a heartbeat of five milliseconds, while large audiences are
opened and edited over the real worker; offscreen."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.__main__ import Shell
from app.canvas.group_card import GroupCard
from engine.domain.audience_codec import read_audience
from engine.operations import prepare_demo
from engine.settings import Settings
from tests.benchmarks.live import conditions, edited
from tests.benchmarks.report import BUILD, write
from tests.benchmarks.sizes import big_workspace

SIZES = (20, 100, 300)
EDITS = 200
BIG = BUILD / "bench-big"


class Heartbeat:
    """Gaps between the beats of a timer of five milliseconds."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = perf_counter()
        self.gaps.append(now - self._last)
        self._last = now

    def fresh(self) -> None:
        """Begin anew."""
        self.gaps.clear()
        self._last = perf_counter()

    def worst_ms(self) -> float:
        """The longest gap."""
        return round(1000 * max(self.gaps), 1)


def leaf(number: int) -> dict[str, Any]:
    """Conditions of three kinds in turn, none like another."""
    match number % 3:
        case 0:
            return {"trait": "age", "gte": 18 + number % 60}
        case 1:
            where = [{"property": "category", "eq": "phones"}]
            return {"did": "purchase", "where": where, "within": f"{10 + number}d", "times": {"gte": 1}}
        case _:
            return {"trait": "state", "in": ["SP", f"S{number}"]}


def turn(app: QApplication, seconds: float) -> None:
    """Let the event loop run."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        app.processEvents()
        sleep(0.0005)


def main() -> None:
    """Open and edit; the longest gap of each."""
    folder = Path(BUILD / "bench-window")
    prepare_demo(folder, profiles=10_000).close()
    app = QApplication([])
    shell = Shell(app, folder, Settings(theme="light"))
    window, worker = shell.window, shell.worker
    window.state.see("tour")
    shell.start()
    beat = Heartbeat()
    turn(app, 5)
    rows: list[dict[str, Any]] = []
    for count in SIZES:
        rule = {"all": [leaf(i) for i in range(count)]}
        audience = read_audience({"kind": "audience", "id": "bench", "name": "bench", "rule": rule})
        beat.fresh()
        window.show_page(home=False)
        window.document.open(audience, 1)
        root = window.canvas.root if window.canvas is not None else None
        assert isinstance(root, GroupCard)
        while len(root.cards) < count:
            turn(app, 0.05)
        turn(app, 3)
        opened = beat.worst_ms()
        beat.fresh()
        for number in range(20):
            root.cards[number].toggle_muted()
            turn(app, 0.1)
        turn(app, 2)
        rows.append({"conditions": count, "open_worst_ms": opened, "edit_worst_ms": beat.worst_ms()})
        sys.stdout.write(f"{rows[-1]}\n")
    worker.stop()
    window.document.history.clear()
    window.hide()
    edits = session_alone()
    sys.stdout.write(f"{edits}\n")
    worst = max(max(row["open_worst_ms"], row["edit_worst_ms"]) for row in rows)
    line = (
        f"opening and editing audiences of up to {SIZES[-1]} conditions held up the window at most {worst:.0f} ms; "
        f"{EDITS} edits over 10 M profiles at most {edits['worst_ms']:.0f} ms, edit to exact number on the screen p50 "
        f"{edits['p50_ms']:.0f} ms, p95 {edits['p95_ms']:.0f} ms"
    )
    write("window", {"rules": rows, "session": edits}, None, None, "ms", line)


def session_alone() -> dict[str, Any]:
    """The long session in a process like the app's: not in this one, which holds gigabytes once it has made the data."""
    big_workspace(BIG, 10_000_000, 50_000_000).close()
    ran = subprocess.run([sys.executable, "-m", __spec__.name, "session"], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def long_session(app: QApplication) -> dict[str, Any]:
    """Two hundred edits of a six-condition rule over 10 million profiles, each waited for."""
    rng = random.Random(9)
    shell = Shell(app, BIG, Settings(theme="light"))
    window = shell.window
    shell.start()
    turn(app, 4)
    nodes = conditions(rng)
    beat, waits = Heartbeat(), []
    for number in range(EDITS):
        place = rng.randrange(6)
        nodes[place] = edited(rng, place)
        audience = read_audience({"kind": "audience", "id": "bench", "name": "bench", "rule": {"all": [*nodes]}})
        if number == 0:
            window.show_page(home=False)
            window.document.open(audience, 1)
            wait(app, window)
            beat.fresh()
            continue
        started = perf_counter()
        window.document.edit(audience, "edit")
        wait(app, window)
        waits.append(perf_counter() - started)
        turn(app, 0.1)
    shell.worker.stop()
    window.document.history.clear()
    waits.sort()
    return {
        "worst_ms": beat.worst_ms(),
        "p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "p95_ms": round(1000 * waits[int(len(waits) * 0.95)], 1),
        "edits": EDITS,
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def wait(app: QApplication, window: Any) -> None:
    """Until the number on the screen belongs to the rule."""
    while True:
        turn(app, 0.005)
        if window.insights.chip.property("state") == "exact" and not window.session.busy:
            return


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.argv[1:] == ["session"]:
        sys.stdout.write(json.dumps(long_session(QApplication([]))) + "\n")
    else:
        main()

"""`make bench-many`: how long the window is ever held up in a workspace of five thousand audiences; offscreen."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.__main__ import Shell
from app.canvas.adding import condition_menu
from app.widgets.command_palette import CommandPalette
from app.widgets.searching import plain
from engine.operations import prepare_demo, save_all
from engine.settings import Settings
from tests.benchmarks.report import BUILD, write
from tests.benchmarks.window import Heartbeat, turn

AUDIENCES = 5_000


def documents() -> list[dict[str, Any]]:
    """Audiences of five conditions with names, tags and folders."""
    return [
        {
            "kind": "audience",
            "id": f"team_{i:04d}",
            "name": f"Campaign {i} of team {i % 17}: promoção",
            "owner": f"owner {i % 40}",
            "tags": ["one", f"t{i % 9}"],
            "folder": f"folder {i % 20}",
            "rule": {
                "all": [
                    {"trait": "age", "gte": 18 + i % 50},
                    {"did": "purchase", "within": f"{10 + i % 80}d", "times": {"gte": 1}},
                    {"any": [{"trait": "state", "in": ["SP", "RJ"]}, {"audience": f"team_{i - 1:04d}"}]}
                    if i % 10
                    else {"trait": "state", "eq": "SP"},
                ]
            },
        }
        for i in range(AUDIENCES)
    ]


def main() -> None:
    """Open, scroll, sort, search, open an audience, the palettes; the longest gap of each."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder = Path(BUILD / "bench-many")
    workspace = prepare_demo(folder, profiles=10_000)
    save_all(workspace, documents())
    workspace.close()
    app = QApplication([])
    shell = Shell(app, folder, Settings(theme="light"))
    window = shell.window
    window.state.see("tour")
    beat = Heartbeat()
    began = perf_counter()
    shell.start()
    found: dict[str, float] = {}

    def step(name: str, seconds: float = 1.0) -> None:
        turn(app, seconds)
        found[name] = beat.worst_ms()
        sys.stdout.write(f"{name}: {found[name]} ms\n")
        beat.fresh()

    home = window.home
    while len(home.table.rows) < AUDIENCES:
        turn(app, 0.02)
    found["seconds until every row is there"] = round(perf_counter() - began, 1)
    sys.stdout.write(f"{found}\n")
    step("open the workspace")
    window.show_page(home=True)
    for text in ("c", "ca", "cam", "campaign 4", "promocao", ""):
        home.search.setText(text)
        step(f"search {text!r}", 0.2)
    home.tree.sortByColumn(9, Qt.SortOrder.DescendingOrder)
    step("sort by rule")
    home.tree.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    step("sort by size", 5)
    home.tree.selectAll()
    step("select all")
    window.open_audience("team_0041")
    step("open an audience")
    window.bench.palette_panel.search.setText("team 4")
    step("search the palette")
    assert window.canvas is not None
    menu = condition_menu(window.canvas, window.canvas.context, lambda item: None)
    step("menu of conditions")
    menu.deleteLater()
    dialog = CommandPalette(window.commands.entries(), "", plain)
    step("command palette")
    dialog.search.setText("campaign 3")
    step("search the commands")
    window.session.open()
    step("read it again", 6)
    shell.worker.stop()
    window.document.history.clear()
    worst = max(value for name, value in found.items() if not name.startswith("seconds"))
    line = f"{AUDIENCES:,} audiences: opening, searching, sorting and editing held up the window at most {worst:.0f} ms"
    write("many", found, None, None, "ms", line)


if __name__ == "__main__":
    main()

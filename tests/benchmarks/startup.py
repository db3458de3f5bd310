"""Start-up: `convoke --version` against a bare Python, and the app's first paint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.report import times, write

_PAINT = """
import sys, time
started = time.perf_counter()
from PySide6.QtWidgets import QApplication
from app.__main__ import Shell
from engine.settings import Settings
from pathlib import Path
app = QApplication([])
shell = Shell(app, Path(sys.argv[1]), Settings(theme="light"))
shell.window.show(); app.processEvents()
print(round((time.perf_counter() - started) * 1000))
"""


def main() -> None:
    """Measure, with byte code compiled as an installation has it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "QT_QPA_PLATFORM": "offscreen"
    }
    root = Path(__file__).parents[2]
    convoke = str(Path(sys.executable).parent / "convoke")

    def run(*command: str) -> str:
        return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True).stdout

    version, spread = times(lambda: run(convoke, "--version"), 15)
    bare, _ = times(lambda: run(sys.executable, "-c", "pass"), 15)
    helped, _ = times(lambda: run(convoke, "size", "--help"), 7)
    run(sys.executable, "-c", _PAINT, ".")
    paints = sorted(int(run(sys.executable, "-c", _PAINT, ".")) for _ in range(7))
    ours = {
        "version_ms": round(version * 1000, 1),
        "version_spread_ms": round(spread * 1000, 1),
        "size_help_ms": round(helped * 1000, 1),
        "first_paint_ms": paints[3],
        "first_paint_range_ms": [paints[0], paints[-1]],
    }
    line = f"convoke --version {version * 1000:.0f} ms (bare Python {bare * 1000:.0f} ms); first paint {paints[3]} ms"
    write("startup", ours, {"bare_python_ms": round(bare * 1000, 1)}, round(version / bare, 2), "ms", line)


if __name__ == "__main__":
    main()

"""Starting, hearing, cancelling and ending a child."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.programs import Program, command, environment


class Child:
    """A child at work."""

    def __init__(self, folder: Path, request: dict[str, Any]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 — our own module
            command(Program.CHILD, str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None  # noqa: S101 — it was asked for
        with suppress(OSError):  # it died at once: its answer says so
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        self._cancelled = False

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def answer(self) -> dict[str, Any]:
        """What it answered; an error in words when it died without an answer. Only once it has ended."""
        assert self._process.stdout is not None  # noqa: S101 — it was asked for
        with self._process.stdout as out:
            line = out.readline()
        self.cancel()
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            code = self._process.returncode
            how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            return EngineError("internal", f"the process of the run {how}").as_json()
        return answer

    def cancel(self) -> None:
        """Ask it to stop."""
        if not self._cancelled and self._process.stdin is not None:
            self._cancelled = True
            try:
                self._process.stdin.close()
            except OSError:  # it is gone
                return

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self, seconds: float) -> None:
        """Cancel it, and kill it when it does not stop in time."""
        self.cancel()
        if not self.wait(seconds):
            self._process.kill()
            self._process.wait()

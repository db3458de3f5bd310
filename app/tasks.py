"""The only module that starts a process: the engine worker behind the app."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from engine.client import Reply, Request, cancel_line
from engine.programs import Program, command, environment

_REPEAT_MS = 50


class Worker(QObject):
    """The engine in a process of its own; restarted when it dies.

    Signals:
        replied: a Reply for a request (result, error or progress).
        started: the process runs.
        died: the process ended unasked; it is being restarted.
    """

    replied = Signal(object)
    started = Signal()
    died = Signal()

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._stopping = False
        self._buffer = b""
        self._cancelling: set[int] = set()
        self._process = QProcess(self)
        surroundings = QProcessEnvironment()
        for name, value in environment().items():
            surroundings.insert(name, value)
        self._process.setProcessEnvironment(surroundings)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.started.connect(self.started)
        self._process.finished.connect(self._on_finished)
        self._repeat = QTimer(self)
        self._repeat.setInterval(_REPEAT_MS)
        self._repeat.timeout.connect(self._cancel_again)

    def start(self) -> None:
        """Start the process."""
        started = command(Program.WORKER, str(self._workspace))
        self._process.start(started[0], started[1:])

    def send(self, request: Request) -> None:
        """Send a request; the reply comes by signal."""
        self._process.write(request.line())

    def cancel(self, token: int) -> None:
        """Stop a request; repeated until its reply comes."""
        self._cancelling.add(token)
        self._process.write(cancel_line(token))
        self._repeat.start()

    def stop(self) -> None:
        """End the process and wait for it, at most two seconds."""
        self._stopping = True
        self._repeat.stop()
        self._process.closeWriteChannel()
        if self._process.state() != QProcess.ProcessState.NotRunning and not self._process.waitForFinished(2000):
            self._process.kill()
            self._process.waitForFinished(1000)

    def _cancel_again(self) -> None:
        for token in self._cancelling:
            self._process.write(cancel_line(token))
        if not self._cancelling:
            self._repeat.stop()

    def _on_output(self) -> None:
        self._buffer += bytes(self._process.readAllStandardOutput().data())
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            reply = Reply.from_line(line)
            if reply.last:
                self._cancelling.discard(reply.token)
            self.replied.emit(reply)

    def _on_finished(self) -> None:
        self._buffer = b""
        self._cancelling.clear()
        if not self._stopping:
            self.died.emit()
            self.start()

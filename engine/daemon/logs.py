"""The daemon's log: one JSON object a line, kept small by rotation, without values of profiles."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.durable import make_folder
from engine.operations.telling import LOG

FOLLOWING = "following.jsonl"
"""The log of the child that follows events."""
_BYTES = 5 << 20
_FILES = 10


class JsonLines(logging.Formatter):
    """A record as a line of JSON: time, level, message, and the fields it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {"at": at, "level": record.levelname.lower(), "what": record.getMessage()}
        return json.dumps(body | getattr(record, "fields", {}), ensure_ascii=False, default=str)


@contextmanager
def logging_to(folder: Path, *, aloud: bool, name: str = LOG) -> Iterator[logging.Logger]:
    """A log of a workspace while the block lasts; ``aloud`` also writes to standard error."""
    logs = folder / "logs"
    make_folder(logs)
    log = logging.Logger("convoke.daemon", logging.INFO)
    handlers: list[logging.Handler] = [
        RotatingFileHandler(logs / name, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
    ]
    if aloud:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
    try:
        yield log
    finally:
        for handler in handlers:
            handler.close()

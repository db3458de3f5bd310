"""`python -m engine.worker WORKSPACE`: requests on standard input, replies on standard output, one JSON a line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.programs import begin

_BEHIND_THE_WINDOW = 5


def main() -> int:
    """Serve until standard input closes."""
    begin()
    from engine.worker.loop import Loop

    if hasattr(os, "nice"):  # the window comes first: counting must not hold up what is typed
        os.nice(_BEHIND_THE_WINDOW)
    # Nothing but replies may reach the pipe.
    out = sys.stdout.buffer
    sys.stdout = sys.stderr
    return Loop(Path(sys.argv[1]), out).serve(sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main())

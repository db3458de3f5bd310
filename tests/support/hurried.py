"""`python -m tests.support.hurried`: the command line with a daemon that looks every second where it usually waits for
ten or more. What it does when it looks is the same."""

from __future__ import annotations

import sys
from datetime import timedelta

from engine.cli.__main__ import main
from engine.daemon import fresh, loop

_A_SECOND = timedelta(seconds=1)
fresh._LOOK_EVERY = fresh._AGAIN_AFTER = _A_SECOND
loop._PREPARE_EVERY = loop._WATCH_EVERY = _A_SECOND

if __name__ == "__main__":
    sys.exit(main())

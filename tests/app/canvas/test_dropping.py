"""Real drags with the mouse, one for each way of dropping, under a real X server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

ONE, TWO, VIEW, VIP = (
    {"trait": "age", "gte": 1},
    {"trait": "age", "gte": 2},
    {"did": "view"},
    {"trait": "vip", "eq": True},
)
DRAGS: dict[tuple[str, str], Any] = {
    ("palette", "gap"): [ONE, TWO, VIP, {"any": [VIEW]}],
    ("palette", "card"): [ONE, {"any": [TWO, VIP]}, {"any": [VIEW]}],
    ("palette", "group"): [ONE, TWO, {"any": [VIEW, VIP]}],
    ("palette", "exclude"): [ONE, TWO, {"any": [VIEW]}, {"not": VIP}],
    ("card", "gap"): [TWO, ONE, {"any": [VIEW]}],
    ("card", "card"): [{"any": [TWO, ONE]}, {"any": [VIEW]}],
    ("card", "group"): [TWO, {"any": [VIEW, ONE]}],
    ("card", "exclude"): [TWO, {"any": [VIEW]}, {"not": ONE}],
}


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs Xvfb, which make test installs on Debian")
@pytest.mark.parametrize(("what", "where"), DRAGS, ids="-".join)
def test_a_real_drag(what: str, where: str) -> None:
    command = ["xvfb-run", "-a", sys.executable, "-m", "tests.support.dragging", what, where]
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"all": DRAGS[what, where]}

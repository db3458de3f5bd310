"""Optional parts of Convoke, and how to add one: to a source checkout, to an installed wheel, to a frozen build.

No hint names a package index: the name `convoke` belongs to somebody else there. Convoke's distribution is
`convoke-cdp`.
"""

from __future__ import annotations

import sys
from pathlib import Path

DISTRIBUTION = "convoke-cdp"
"""The name under which Convoke is built and installed."""
_ROOT = Path(__file__).resolve().parents[1]


def how_to_add(extra: str) -> str:
    """One sentence that says how to add an optional part to the Convoke that runs now."""
    if getattr(sys, "frozen", False):
        return f"This build of Convoke does not include {extra}: install Convoke from its source or its wheel."
    if (_ROOT / "pyproject.toml").is_file():
        return f"Run uv sync --inexact --extra {extra} in the folder of Convoke's source."
    return f"Reinstall your {DISTRIBUTION} wheel with the extra [{extra}] after its file name."

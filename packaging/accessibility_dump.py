"""Run by the system's Python, which has AT-SPI: lists the app's objects as a screen reader gets them."""

from __future__ import annotations

import sys
import time
from collections import Counter

import pyatspi  # type: ignore[import-not-found]

INTERACTIVE = {
    *("push button", "toggle button", "check box", "combo box", "text", "password text", "spin button", "slider"),
    *("list", "table", "tree table", "menu item", "page tab", "tree item", "list item"),
}
WAIT_SECONDS = 40


def walk(node: object) -> list[object]:
    """An object and everything below it."""
    found = [node]
    for child in node:  # type: ignore[attr-defined]
        if child is not None:
            found += walk(child)
    return found


def app_objects() -> list[object]:
    """The objects of the app, once its window is filled."""
    for _ in range(WAIT_SECONDS):
        time.sleep(1)
        for app in pyatspi.Registry.getDesktop(0):
            if app is not None and "onvoke" in (app.name or ""):
                found = walk(app)
                if len(found) > 150:
                    return found
    return []


def inner(node: object) -> bool:
    """A part of a named control: the text inside a combo box or a number field, the buttons of a scroll bar."""
    parent = node.parent  # type: ignore[attr-defined]
    return parent is not None and parent.getRoleName() in ("combo box", "spin button", "scroll bar", "text")


def main() -> int:
    """0 when every interactive object has a name."""
    found = app_objects()
    roles = Counter(node.getRoleName() for node in found)  # type: ignore[attr-defined]
    unnamed = [
        node
        for node in found
        if node.getRoleName() in INTERACTIVE  # type: ignore[attr-defined]
        and not (node.name or node.description or inner(node))  # type: ignore[attr-defined]
        and node.getState().contains(pyatspi.STATE_SHOWING)  # type: ignore[attr-defined]
    ]
    for node in unnamed:
        trail = []
        while node is not None and len(trail) < 5:
            trail.append(f"{node.getRoleName()} {node.name!r}")  # type: ignore[attr-defined]
            node = node.parent  # type: ignore[attr-defined]
        sys.stdout.write("unnamed: " + " < ".join(trail) + "\n")
    sys.stdout.write(f"{len(found)} objects, {len(unnamed)} unnamed interactive ones; {dict(roles.most_common(12))}\n")
    return 0 if found and not unnamed else 1


if __name__ == "__main__":
    sys.exit(main())

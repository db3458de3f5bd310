"""From a document to a destination. Built-in kinds are listed here; others register by the entry point group
``convoke.destinations`` (a name = type, a callable from settings, identifiers and the workspace's folder)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.destinations.folder import FolderDestination
from engine.destinations.postgres import PostgresDestination
from engine.destinations.protocol import Destination, Misconfigured
from engine.domain.destination import DestinationDocument
from engine.errors import EngineError, nearest
from engine.plugins import Plugins

GROUP = "convoke.destinations"
Make = Callable[[Mapping[str, Any], Sequence[str], Path], Destination]
BUILT_IN: Mapping[str, Make] = {"folder": FolderDestination, "postgres": PostgresDestination}


def open_destination(document: DestinationDocument, base: Path) -> Destination:
    """The destination a document names; raises EngineError when there is no such type or a setting is wrong."""
    make = BUILT_IN.get(document.type) or Plugins(GROUP).get(document.type)
    if make is None:
        hint = nearest(document.type, BUILT_IN, "type of destination")
        raise EngineError("unknown_name", f'there is no destination of type "{document.type}"', "type", hint)
    try:
        opened: Destination = make(document.settings, document.identifiers, base)
    except Misconfigured as error:
        raise EngineError("operand", error.reason, "settings", error.hint or None) from None
    if document.profile not in opened.capabilities.profiles:
        hint = f"It takes: {', '.join(opened.capabilities.profiles)}."
        raise EngineError("operand", f"a {document.type} does not take the profile {document.profile}", "profile", hint)
    return opened

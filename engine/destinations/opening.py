"""From a document to a destination. Built-in kinds are listed here; others register by the entry point group
``convoke.destinations`` (a name = type, a callable from settings, identifiers and the host)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.destinations.admanager import AdManagerDestination
from engine.destinations.folder import folder
from engine.destinations.google import GoogleDestination
from engine.destinations.host import Host
from engine.destinations.meta import MetaDestination
from engine.destinations.mysql import MySQLDestination
from engine.destinations.objects import objects
from engine.destinations.postgres import PostgresDestination
from engine.destinations.protocol import Destination, Misconfigured, Proof
from engine.destinations.sftp import sftp
from engine.destinations.webhook import WebhookDestination
from engine.domain.destination import DestinationDocument
from engine.errors import EngineError, nearest
from engine.plugins import Plugins

GROUP = "convoke.destinations"
Make = Callable[[Mapping[str, Any], Sequence[str], Host], Destination]
BUILT_IN: Mapping[str, Make] = {
    "folder": folder,
    "sftp": sftp,
    "objects": objects,
    "postgres": PostgresDestination,
    "mysql": MySQLDestination,
    "webhook": WebhookDestination,
    "meta": MetaDestination,
    "google": GoogleDestination,
    "admanager": AdManagerDestination,
}

PROOFS: Mapping[str, Proof] = {
    **dict.fromkeys(BUILT_IN, "protocol"),
    **dict.fromkeys(("meta", "google", "admanager"), "contract"),
}
"""What each was tested against: see Capabilities."""
ONLY: Mapping[str, tuple[str, ...]] = {"meta": ("meta",), "google": ("google",), "admanager": ("ppid",)}
"""Kinds that take only certain identifier profiles."""


def open_destination(document: DestinationDocument, host: Host) -> Destination:
    """The destination a document names; raises EngineError when there is no such type or a setting is wrong."""
    make = BUILT_IN.get(document.type) or Plugins(GROUP).get(document.type)
    if make is None:
        hint = nearest(document.type, BUILT_IN, "type of destination")
        raise EngineError("unknown_name", f'there is no destination of type "{document.type}"', "type", hint)
    try:
        opened: Destination = make(document.settings, document.identifiers, host)
    except Misconfigured as error:
        raise EngineError("operand", error.reason, "settings", error.hint or None) from None
    if document.profile not in opened.capabilities.profiles:
        hint = f"It takes: {', '.join(opened.capabilities.profiles)}."
        raise EngineError("operand", f"a {document.type} does not take the profile {document.profile}", "profile", hint)
    return opened

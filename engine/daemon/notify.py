"""Telling systemd how the daemon is (sd_notify(3)); nothing happens where nobody listens."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send a line such as READY=1 to the socket that systemd named."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(address)
            sender.send(state.encode())
    except OSError:  # whoever listened is gone: not a reason to stop
        return

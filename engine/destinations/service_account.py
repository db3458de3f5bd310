"""A Google service account out of a secret, for every connector that signs in as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from engine.destinations.host import Reference
from engine.destinations.protocol import Later, Misconfigured


def credentials(what: str, key: Reference, reveal: Callable[[Reference], str], scopes: Sequence[str]) -> Any:
    """Google's credentials; raises Misconfigured in the connector's name (``what``) for what is no key."""
    from google.oauth2 import service_account

    try:
        info = json.loads(reveal(key))
        make: Callable[..., Any] = service_account.Credentials.from_service_account_info
        return make(info, scopes=scopes)
    except (ValueError, KeyError, TypeError):
        hint = "It is the JSON file that the Cloud console makes."
        raise Misconfigured(f"{what}: service_account is no key of a service account", hint) from None


def not_accepted(error: Any) -> Exception:
    """What Google's sign-in raised, in the engine's words."""
    said = "Google does not accept the service account"
    passing = bool(getattr(error, "retryable", False))
    return Later(said) if passing else Misconfigured(said, "Check service_account.")

"""Object storage: S3 and what speaks like it, Azure Blob, Google Cloud Storage. A put is whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from engine.destinations.files import FileDestination, written_as
from engine.destinations.host import Host, Reference, SettingsReader, endpoint_of
from engine.destinations.peers import ForbiddenPeer, checked
from engine.destinations.protocol import Later, Misconfigured
from engine.faults.telling import cause_of

_PLAIN = {
    "s3": ("endpoint", "region", "access_key_id"),
    "az": ("endpoint", "account_name"),
    "gs": ("endpoint",),
}
_SECRET = {
    "s3": ("secret_access_key", "session_token"),
    "az": ("account_key",),
    "gs": ("service_account_key",),
}
_WITHIN = timedelta(seconds=60)
_ANSWER = "60s"


def objects(settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> FileDestination:
    """Objects under a URL: ``s3://BUCKET/PREFIX``, ``az://CONTAINER/PREFIX`` or ``gs://BUCKET/PREFIX``.

    Without keys in the settings those of the environment or the machine are used, as the cloud's own tools do.
    """
    url = settings.get("url")
    scheme = urlsplit(url).scheme if isinstance(url, str) else ""
    if scheme not in _PLAIN or not urlsplit(str(url)).netloc:
        raise Misconfigured("object storage: url is missing or of no known kind", "Write url: s3://BUCKET/PREFIX.")
    given = SettingsReader("object storage", settings, ("url", "format", "cells", *_PLAIN[scheme], *_SECRET[scheme]))
    written = written_as(given)
    plain = {name: given.optional(name) for name in _PLAIN[scheme]}
    secrets = {name: given.secret(name) for name in _SECRET[scheme]}
    _must_be_safe(host, plain.get("endpoint"), [one for one in secrets.values() if one is not None])
    bucket = Bucket(
        str(url).rstrip("/"),
        {name: value for name, value in plain.items() if value is not None},
        {name: value for name, value in secrets.items() if value is not None},
        host,
    )
    return FileDestination(bucket, written, identifiers, "protocol")


def _must_be_safe(host: Host, endpoint: str | None, keys: Sequence[Reference]) -> None:
    """The line to another endpoint is encrypted, and the machine's own keys are not sent to it."""
    if endpoint is None:
        return
    other = endpoint_of("object storage", endpoint)
    if not other.encrypted:
        host.must_be_private("object storage", other.host, other.port, "Write https://.")
    if not host.allows(other.host, other.port):
        try:
            checked(other.host, other.port)
        except ForbiddenPeer as error:
            raise Misconfigured(f"object storage: {error}", "Write another endpoint.") from None
        except OSError:  # it is said when it is used
            pass


class Bucket:
    """Puts files as objects under a prefix."""

    def __init__(self, url: str, plain: Mapping[str, str], secrets: Mapping[str, Reference], host: Host) -> None:
        self._url, self._plain, self._secrets, self._host = url, plain, secrets, host
        self._store: Any = None

    def _use(self, work: Callable[[Any], Any]) -> Any:
        """Do something with the storage; what goes wrong comes out in the engine's words."""
        from obstore import exceptions

        try:
            if self._store is None:
                self._store = self._opened()
            return work(self._store)
        except (exceptions.UnauthenticatedError, exceptions.PermissionDeniedError):
            raise Misconfigured(f"{self._url} refuses the keys", "Check keys and rights.") from None
        except FileNotFoundError:  # what obstore raises for 404
            raise Misconfigured(f"{self._url} does not exist", "Check the URL and the endpoint.") from None
        except (exceptions.InvalidPathError, exceptions.UnknownConfigurationKeyError, ValueError) as error:
            raise Misconfigured(f"{self._url} cannot be used: {cause_of(error).words}", "Check the settings.") from None
        except exceptions.BaseError as error:
            raise Later(f"{self._url}: {cause_of(error).words}") from None

    def _opened(self) -> Any:
        from obstore.store import from_url

        if not self._secrets and not self._host.machine:
            hint = (
                "Name the keys, or ask the workspace's owner to save the destination at the command line or in the app."
            )
            raise Misconfigured("object storage: it may not use the keys of this machine", hint)
        config: Any = dict(self._plain) | {name: self._host.reveal(one) for name, one in self._secrets.items()}
        local = self._plain.get("endpoint", "").startswith("http://")
        # The engine tries again by itself, later and at the same batch.
        retry: Any = {"max_retries": 0, "retry_timeout": _WITHIN}
        options: Any = {"timeout": _ANSWER, "connect_timeout": "15s", "allow_http": local}
        return from_url(self._url, config=config, client_options=options, retry_config=retry)

    def check(self) -> str:
        """Whether objects can be written there."""

        def work(store: Any) -> None:
            store.put(".convoke-probe", b"")
            store.delete(".convoke-probe")

        self._use(work)
        return f"{self._url} can be written to."

    def put(self, name: str, data: bytes) -> None:
        """Whole or not at all."""
        self._use(lambda store: store.put(name, data))

    def read(self, name: str) -> bytes:
        """An object's bytes."""
        return bytes(self._use(lambda store: store.get(name).bytes()))

    def close(self) -> None:
        """Let go of connections."""
        self._store = None

"""A signed webhook, as Standard Webhooks 1.0 has it: the batch's id is the message's id, so that a receiver can tell a
batch that comes again."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engine.destinations.files import PROFILES
from engine.destinations.host import Host, Reference, SettingsReader
from engine.destinations.http import Http
from engine.destinations.protocol import Batch, Capabilities, Misconfigured, Operation, Receipt, Refused, Sync

_TYPES = {"add": "audience.members.added", "remove": "audience.members.removed"}


class WebhookDestination:
    """Posts batches as JSON. ``settings: {url, secret, ca}``."""

    capabilities = Capabilities(batch_rows=1_000, idempotency="batch", proof="protocol", profiles=PROFILES)

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("a webhook", settings, ("url", "secret", "ca"))
        url = given.text("url", "https://example.org/convoke")
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or not _is_port(parts):
            raise Misconfigured("a webhook: url is not an address", "Write url: https://example.org/convoke.")
        if parts.username is not None or parts.password is not None:
            raise Misconfigured("a webhook: the address has a password in it", "Leave it out: messages are signed.")
        if parts.scheme == "http":
            hint = "Write https://, or a server of this machine."
            host.must_be_private("a webhook", parts.hostname, parts.port or 80, hint)
        secret = given.secret("secret")
        if secret is None:
            raise Misconfigured("a webhook: secret is missing", "Write secret: {secret: NAME}.")
        ca = given.optional("ca")
        self._http = Http(url, None if ca is None else host.path("a webhook", ca), host.allows)
        self._secret, self._columns = secret, tuple(identifiers)
        self._reveal: Callable[[Reference], str] = host.reveal
        self._clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def check(self) -> str:
        """Send a message that says only that it is a test."""
        at = self._clock()
        self._post(f"test-{at:%Y%m%d%H%M%S%f}", {"type": "convoke.test", "data": {}}, at)
        return f"{self._http.shown} took a signed test message."

    def send(self, batch: Batch) -> Receipt:
        """Post a batch."""
        rows = [
            {"key": row.key} | {name: [v for n, v in row.values if n == name] for name in self._columns}
            for row in batch.rows
        ]
        about = {"audience": batch.sync.audience, "sync": batch.sync.id, "as_of": batch.sync.as_of}
        self._post(batch.id, {"type": _TYPES[batch.operation], "data": about | {"batch": batch.id, "members": rows}})
        return Receipt({})

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Say that a delivery is whole."""
        ids = [identifier for identifier, _, _ in sorted(batches, key=lambda one: one[1])]
        data = {"audience": sync.audience, "sync": sync.id, "as_of": sync.as_of, "batches": ids}
        try:
            # The last batch's id is its own, and the same however often this is said.
            self._post(f"finished-{ids[-1]}", {"type": "audience.sync.finished", "data": data})
        except Refused as error:
            raise Misconfigured(error.reason, "It must take audience.sync.finished.") from None

    def _post(self, identifier: str, body: dict[str, Any], at: datetime | None = None) -> None:
        from standardwebhooks import Webhook

        moment = at or self._clock()
        text = json.dumps(body | {"timestamp": moment.isoformat().replace("+00:00", "Z")}, ensure_ascii=False)
        signer = Webhook(_signing_key(self._reveal(self._secret)))
        headers = {
            "content-type": "application/json",
            "user-agent": "Convoke",
            "webhook-id": identifier,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signer.sign(identifier, moment, text),
        }
        self._http.post(text.encode("utf-8"), headers)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _signing_key(secret: str) -> bytes:
    """The bytes of ``whsec_BASE64``; between 24 and 64 of them, as the specification asks."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise Misconfigured("a webhook: the secret is no signing key", "It is whsec_ and 24 to 64 bytes in Base64.")
    return key

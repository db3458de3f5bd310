"""HTTP for connectors; the only module that imports the HTTP library."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from engine.destinations.peers import ForbiddenPeer, checked
from engine.destinations.protocol import Later, Misconfigured, Refused
from engine.faults import causes
from engine.faults.telling import cause_of

_TIMEOUT = 30.0
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_ROWS = (400, 413, 422)
"""Answers that blame what was sent, so that half of it may be taken."""


class Http:
    """Posts bodies to one address. Redirects are not followed, since they would take what is sent elsewhere. The peer
    is checked (see peers) unless ``allows`` says that the workspace's owner allowed it."""

    def __init__(self, url: str, ca: Path | None = None, allows: Callable[[str, int], bool] | None = None) -> None:
        self._url, self._ca = url, ca
        self._allows = allows or (lambda host, port: False)
        self.shown = shown(url)
        self._client: Any = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of an answer that took it; everything else is raised as Later, Refused or Misconfigured."""
        import httpx2

        try:
            answer = self._opened().post(self._url, content=body, headers=dict(headers))
        except httpx2.HTTPError as error:
            if _is_about_certificates(error):
                cause = causes.CERTIFICATE
                raise Misconfigured(f"{self.shown}: {cause.words}", cause.hint or "") from None
            raise Later(f"{self.shown}: {cause_of(error).words}") from None
        except ForbiddenPeer:
            raise self._forbidden() from None
        except httpx2.InvalidURL:
            raise Misconfigured(f"{self.shown} is not an address", "Check its host.") from None
        status: int = answer.status_code
        if 200 <= status < 300:
            return status
        said = f"{self.shown} answers {status}"
        if status in _ROWS:
            raise Refused(said)
        if status in _BUSY:
            raise Later(said, retry_after(answer.headers.get("retry-after"), datetime.now(UTC)))
        raise Misconfigured(said, "Check the address and what it expects.")

    def form(
        self, method: str, path: str, values: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any], float | None]:
        """Send form values below the address: the status, the JSON body (empty when there is none), and the seconds of
        a Retry-After. What is secret goes into the headers: addresses are written into logs. A broken line is raised as
        Later, a forbidden peer as Misconfigured."""
        import httpx2

        url = f"{self._url}/{path}"
        with_body = {} if method == "GET" else {"data": dict(values)}
        in_address = dict(values) if method == "GET" else None
        try:
            answer = self._opened().request(method, url, params=in_address, headers=dict(headers or {}), **with_body)
        except httpx2.HTTPError as error:
            raise Later(f"{shown(url)}: {cause_of(error).words}") from None
        except ForbiddenPeer:
            raise self._forbidden() from None
        except httpx2.InvalidURL:
            raise Misconfigured(f"{self.shown} is not an address", "Check its host.") from None
        try:
            body = answer.json()
        except ValueError:
            body = {}
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return answer.status_code, body if isinstance(body, dict) else {}, after

    def _forbidden(self) -> Misconfigured:
        host = urlsplit(self._url).hostname or ""
        hint = f'Write another address; the workspace\'s owner may write allow_endpoints = "{host}" into convoke.toml.'
        return Misconfigured(f"{self.shown} is a link-local address or a metadata service of a cloud", hint)

    def _opened(self) -> Any:
        import httpx2

        if self._client is None:
            try:
                verify = ssl.create_default_context(cafile=self._ca) if self._ca else httpx2.create_ssl_context()
            except OSError as error:  # also what is no certificate
                raise Misconfigured(f"{self._ca} cannot be read: {error.strerror}", "Check ca.") from None
            self._client = httpx2.Client(
                timeout=_TIMEOUT, verify=verify, follow_redirects=False, transport=self._transport(verify)
            )
        return self._client

    def _transport(self, verify: ssl.SSLContext) -> Any:
        """A network that checks its peers; None where a proxy of this machine connects."""
        from engine.destinations.pinned import transport

        parts = urlsplit(self._url)
        if getproxies().get(parts.scheme) and not proxy_bypass(parts.hostname or ""):
            try:
                checked(parts.hostname or "", parts.port or 443)
            except OSError:  # only the proxy can find it
                return None
            except ForbiddenPeer:
                if not self._allows(parts.hostname or "", parts.port or 443):
                    raise
            return None
        return transport(verify, self._allows)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


def shown(url: str) -> str:
    """An address for messages: without a password or a query, which may hold secrets."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path}"


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3: a number or a date); None when it says nothing useful."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False

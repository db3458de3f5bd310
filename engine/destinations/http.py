"""HTTP for connectors; the only module that imports the HTTP library."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from engine.destinations.protocol import Later, Misconfigured, Refused

_TIMEOUT = 30.0
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_ROWS = (400, 413, 422)
"""Answers that blame what was sent, so that half of it may be taken."""


class Http:
    """Posts bodies to one address; redirects are not followed, since they would take what is sent elsewhere."""

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self._url, self._ca = url, ca
        self._client: Any = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of an answer that took it; everything else is raised as Later, Refused or Misconfigured."""
        import httpx2

        try:
            answer = self._opened().post(self._url, content=body, headers=dict(headers))
        except httpx2.HTTPError as error:
            if _is_about_certificates(error):
                raise Misconfigured(
                    f"{self._url}: {error}", "Check its certificate, or name its authority with ca."
                ) from None
            raise Later(f"{self._url}: {str(error) or type(error).__name__}") from None
        status: int = answer.status_code
        if 200 <= status < 300:
            return status
        said = f"{self._url} answers {status}"
        if status in _ROWS:
            raise Refused(said)
        if status in _BUSY:
            raise Later(said, retry_after(answer.headers.get("retry-after"), datetime.now(UTC)))
        raise Misconfigured(said, "Check the address and what it expects.")

    def form(self, method: str, path: str, values: Mapping[str, str]) -> tuple[int, dict[str, Any], float | None]:
        """Send form values below the address: the status, the JSON body (empty when there is none), and the seconds of
        a Retry-After. Only a broken line is raised, as Later."""
        import httpx2

        url = f"{self._url}/{path}"
        with_body = {} if method == "GET" else {"data": dict(values)}
        in_address = dict(values) if method == "GET" else None
        try:
            answer = self._opened().request(method, url, params=in_address, **with_body)
        except httpx2.HTTPError as error:
            raise Later(f"{url}: {type(error).__name__}") from None
        try:
            body = answer.json()
        except ValueError:
            body = {}
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return answer.status_code, body if isinstance(body, dict) else {}, after

    def _opened(self) -> Any:
        import httpx2

        if self._client is None:
            try:
                verify: Any = True if self._ca is None else ssl.create_default_context(cafile=self._ca)
            except OSError as error:
                raise Misconfigured(f"{self._ca} cannot be read: {error.strerror}", "Check ca.") from None
            self._client = httpx2.Client(timeout=_TIMEOUT, verify=verify, follow_redirects=False)
        return self._client

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


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

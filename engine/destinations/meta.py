"""Meta Custom Audiences by the Graph API: people are added and removed by hashed e-mail addresses and phone numbers;
adding and removing are set operations there.

An audience of Convoke is the custom audience of the same name in the ad account (``Convoke ID``), made when there is
none. Written from the Marketing API's reference (custom-audiences: /users, /customaudiences; error codes) as of v26.0.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from engine.destinations.host import Host, Reference, SettingsReader, endpoint_of
from engine.destinations.http import Http
from engine.destinations.protocol import (
    Batch,
    Capabilities,
    Later,
    Misconfigured,
    Operation,
    Receipt,
    Refused,
    Row,
    Sync,
)

_KEYS = ("ad_account", "token", "app_secret", "version", "endpoint")
_SCHEMA = {"email": "EMAIL", "phone": "PHONE"}
_ROWS_A_CALL = 10_000
_BUSY = (4, 17, 32, 341, 613, 80000, 80003, 80004, 80014)
"""Error codes of the rate limits, which come with status 400."""
_PASSING = (1, 2)
_OF_A_PERSON = (10, 102, 190, 200, 272, 273, 294, 2650)
"""Codes that a person must mend: tokens, rights, terms that were not accepted."""
_MEANINGS: Mapping[Any, str] = (
    dict.fromkeys((102, 190), "the access token is invalid or has expired")
    | dict.fromkeys((10, 200, 294), "a permission of the token is missing")
    | dict.fromkeys((272, 273, 2650), "the ad account may not do that, or its terms are not accepted")
    | dict.fromkeys(_BUSY, "there were too many calls")
    | dict.fromkeys(_PASSING, "the service does not work at the moment")
    | {100: "a parameter is invalid"}
)
"""The error codes of the Marketing API's reference, in our words: Meta's own messages may quote rows."""
_FLAGGED = 1713230
"""Subcode of an audience that Meta has flagged: uploads are blocked."""
_BUSY_SECONDS = 300.0


_ENDPOINT = "https://graph.facebook.com"
"""Meta's own; another one only where the workspace's owner allows it."""


class MetaDestination:
    """Members of custom audiences. ``settings: {ad_account, token, app_secret, version, endpoint}``."""

    capabilities = Capabilities(
        batch_rows=5_000, idempotency="set", proof="contract", profiles=("meta",), smallest_audience=100
    )

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("Meta", settings, _KEYS)
        self._account = given.text("ad_account", "1234567890").removeprefix("act_")
        version = given.optional("version", "v26.0")
        endpoint = (given.optional("endpoint") or _ENDPOINT).rstrip("/")
        token = given.secret("token")
        if token is None:
            raise Misconfigured("Meta: token is missing", "Write token: {secret: NAME}.")
        if endpoint != _ENDPOINT:
            other = endpoint_of("Meta", endpoint)
            host.must_be_vendors("Meta", other.host, other.port)
            if not other.encrypted:
                host.must_be_private("Meta", other.host, other.port, "Write https://.")
        self._token, self._app_secret, self._reveal = token, given.secret("app_secret"), host.reveal
        self._columns = [(name, _SCHEMA[host.kinds[name]]) for name in identifiers if host.kinds.get(name) in _SCHEMA]
        self._http = Http(f"{endpoint}/{version}", None, host.allows)
        self._audiences: dict[str, str] = {}

    def check(self) -> str:
        """Whether the token may use the ad account."""
        found = self._ask("GET", f"act_{self._account}", {"fields": "name"})
        return f"The ad account {found.get('name', self._account)} answers."

    def send(self, batch: Batch) -> Receipt:
        """Add or remove people; what Meta names as invalid is rejected."""
        if not self._columns:
            raise Misconfigured("Meta: no identifier is sent", "Add email or phone to identifiers.")
        method = "POST" if batch.operation == "add" else "DELETE"
        audience, rejected = self._audience(batch.sync.audience), dict[int, str]()
        for places, data in self._calls(batch.rows):
            payload = {"schema": [key for _, key in self._columns], "is_raw": True, "data": data}
            answer = self._ask(method, f"{audience}/users", {"payload": json.dumps(payload)})
            invalid = set(_texts(answer.get("invalid_entry_samples")))
            for place, values in zip(places, data, strict=True):
                if invalid & set(values) - {""}:
                    rejected[place] = "Meta says that it is invalid"
        return Receipt(rejected)

    def _calls(self, rows: Sequence[Row]) -> Iterator[tuple[list[int], list[list[str]]]]:
        """(places, values) of each call: someone with several addresses takes several rows."""
        places: list[int] = []
        data: list[list[str]] = []
        for place, row in enumerate(rows):
            by_column = [[value for name, value in row.values if name == column] for column, _ in self._columns]
            for values in zip_longest(*by_column, fillvalue=""):
                places.append(place)
                data.append(list(values))
            if len(data) >= _ROWS_A_CALL - 100:
                yield places, data
                places, data = [], []
        if data:
            yield places, data

    def _audience(self, identifier: str) -> str:
        """The id of the custom audience there."""
        if identifier not in self._audiences:
            name, edge = f"Convoke {identifier}", f"act_{self._account}/customaudiences"
            after: dict[str, str] = {}
            while True:
                page = self._ask("GET", edge, {"fields": "id,name", "limit": "500", **after})
                found = next((one["id"] for one in page.get("data", ()) if one.get("name") == name), None)
                cursor = page.get("paging", {}).get("cursors", {}).get("after")
                if found is not None or not page.get("paging", {}).get("next") or not cursor:
                    break
                after = {"after": cursor}
            if found is None:
                made = {"name": name, "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
                found = self._ask("POST", edge, made)["id"]
            self._audiences[identifier] = str(found)
        return self._audiences[identifier]

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Nothing more is to be said: Meta shows changes within a day."""

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # -- the Graph API ---------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, values: Mapping[str, str]) -> dict[str, Any]:
        """A call with the token in the body, or in a header where there is none: addresses are written into logs.
        Errors come in the engine's words."""
        token = self._reveal(self._token)
        given, headers = dict(values), dict[str, str]()
        if method == "GET":
            headers["authorization"] = f"Bearer {token}"
        else:
            given["access_token"] = token
        if self._app_secret is not None:
            given["appsecret_proof"] = proof(token, self._app_secret, self._reveal)
        status, body, after = self._http.form(method, path, given, headers)
        if status < 300 and "error" not in body:
            return body
        raise _in_our_words(status, body.get("error") or {}, after)


def proof(token: str, secret: Reference, reveal: Callable[[Reference], str]) -> str:
    """HMAC-SHA256 of the token with the app's secret, in hex, as Graph API calls are secured."""
    return hmac.new(reveal(secret).encode(), token.encode(), hashlib.sha256).hexdigest()


def _in_our_words(status: int, error: Mapping[str, Any], after: float | None) -> Exception:
    code, subcode = error.get("code"), error.get("error_subcode")
    said = f"Meta answers {status}: {_MEANINGS.get(code, 'the request is refused')} ({_numbers(code, subcode)})"
    if status == 429 or code in _BUSY:
        return Later(said, after or _BUSY_SECONDS)
    if status >= 500 or code in _PASSING or error.get("is_transient"):
        return Later(said, after)
    if subcode == _FLAGGED:
        return Misconfigured("Meta has flagged the audience and takes nothing for it", "See it in the Ads Manager.")
    if status in (401, 403) or code in _OF_A_PERSON or status == 404:
        return Misconfigured(said, "Check the token, its rights and the ad account.")
    return Refused(said)


def _numbers(code: object, subcode: object) -> str:
    """Meta's numbers of an error."""
    known = [str(one) for one in (code, subcode) if isinstance(one, int)]
    return f"error {'.'.join(known)}" if known else "without an error number"


def _texts(value: Any) -> Iterator[str]:
    """Every text in what Meta gives as samples, which come as a mapping or a list."""
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)

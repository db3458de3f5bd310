"""Google Ad Manager by PPID: members of first-party audience segments, through Google's own SOAP client.

An audience of Convoke is the segment ``Convoke ID`` of the network, made when there is none. Identifiers are uploaded,
then their processing is asked for; Ad Manager works on it by itself, and is asked until it is done. Written from the
API's reference (SegmentPopulationService, AudienceSegmentService, v202608): at most 100,000 identifiers a call; what is
not processed within five days is gone; a PPID is forgotten 180 days after it was last seen, a membership after 540.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.destinations.host import Host, SettingsReader, endpoint_of
from engine.destinations.protocol import (
    Batch,
    Capabilities,
    Later,
    Misconfigured,
    Operation,
    Pending,
    Receipt,
    Refused,
    Sync,
    Undone,
)
from engine.destinations.service_account import credentials, not_accepted
from engine.extras import how_to_add

_KEYS = ("network", "service_account", "consent", "version", "endpoint")
_SCOPES = ("https://www.googleapis.com/auth/dfp",)
_DAYS = 180
_IDS_A_CALL = 100_000
_SECONDS = 120
_FIRST, _LONGEST = 300.0, 3_600.0
_CONSTANT = re.compile(r"[A-Z][A-Za-z]{2,60}(\.[A-Z][A-Z_]{2,80})?|[A-Z][A-Z_]{2,80}")
_CONSENT = {"": "UNSET", "granted": "GRANTED", "denied": "DENIED", "unknown": "UNKNOWN"}
_PASSING = ("QuotaError", "ServerError", "InternalApiError", "CollectionSizeError.SERVER_BUSY")
_OF_A_PERSON = ("AuthenticationError", "PermissionError", "ApiVersionError", "FeatureError", "NO_CONSENT")
_STARTED = "JOB_ALREADY_STARTED"
_WORKING, _FAILED = ("PROCESSING", "PREPARING", "UNKNOWN"), ("FAILED", "EXPIRED")


class AdManagerDestination:
    """Members of audience segments. ``settings: {network, service_account, consent, version, endpoint}``."""

    capabilities = Capabilities(
        batch_rows=25_000, idempotency="set", proof="contract", profiles=("ppid",), longest_days=_DAYS
    )

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("Ad Manager", settings, _KEYS)
        self._network, self._reveal = given.text("network", "12345678"), host.reveal
        self._key = given.secret("service_account")
        self._consent = _CONSENT[given.one_of("consent", tuple(_CONSENT), "")]
        self._version, self._endpoint = given.optional("version"), given.optional("endpoint")
        if self._key is None and self._endpoint is None:
            raise Misconfigured("Ad Manager: service_account is missing", "Write service_account: {secret: NAME}.")
        if self._endpoint is not None:
            other = endpoint_of("Ad Manager", self._endpoint)
            host.must_be_vendors("Ad Manager", other.host, other.port)
            if not other.encrypted:
                host.must_be_private("Ad Manager", other.host, other.port, "Leave endpoint out.")
        self._names = set(identifiers)
        self._services: dict[str, Any] = {}
        self._segments: dict[str, int] = {}

    def check(self) -> str:
        """Whether the network's segments can be read."""
        self._found("Convoke")
        return f"The segments of the network {self._network} can be read."

    def send(self, batch: Batch) -> Receipt:
        """Upload identifiers and ask that they are processed; the receipt's reference is the upload's number."""
        if not self._names:
            raise Misconfigured("Ad Manager: no identifier is sent", "Add the model's PPID to identifiers.")
        segment = self._segment(batch.sync.audience)
        upload: int | None = None
        wrong: dict[str, str] = {}
        for ids in _parts([value for row in batch.rows for name, value in row.values if name in self._names]):
            request = {
                "batchUploadId": upload,
                "segmentId": segment,
                "isDeletion": batch.operation == "remove",
                "identifierType": "PUBLISHER_PROVIDED_IDENTIFIER",
                "ids": ids,
                "consentType": self._consent,
            }
            answer = self._call("SegmentPopulationService", "updateSegmentMemberships", request)
            upload = int(answer["batchUploadId"])
            wrong |= {str(one["id"]): _reason(one["error"]) for one in answer["idErrors"] or ()}
        if upload is None:
            return Receipt({})
        self._process(upload)
        rejected = _rejected(batch, wrong) if batch.operation == "add" else ()  # what it does not know is not there
        return Receipt(dict(rejected), reference=str(upload))

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Ask what became of every upload; Pending while it is worked on, Undone for those that failed."""
        if not sync.references:
            return
        uploads = [int(one) for one in sync.references.values()]
        results = self._call("SegmentPopulationService", "getSegmentPopulationResultsByIds", uploads) or ()
        states = {int(one["batchUploadId"]): str(one["status"]) for one in results}
        failed = [str(one) for one in uploads if states.get(one, "EXPIRED") in _FAILED]
        if failed:
            raise Undone(f"Ad Manager did not do what it took ({len(failed)} of {len(uploads)} uploads)", failed)
        if any(state in _WORKING for state in states.values()):
            raise Pending("Ad Manager is still working on it", min(_LONGEST, _FIRST * 1.5**sync.asked))

    def close(self) -> None:
        """Nothing stays open."""
        self._services.clear()

    # -- segments --------------------------------------------------------------------------------------------------

    def _process(self, upload: int) -> None:
        """Ask for processing; one that is under way already (the answer was lost before) is no mistake."""
        try:
            action = {"xsi_type": "ProcessAction"}
            self._call("SegmentPopulationService", "performSegmentPopulationAction", action, [upload])
        except Refused as error:
            if _STARTED not in error.reason:
                raise

    def _segment(self, audience: str) -> int:
        """The segment's number there."""
        if audience not in self._segments:
            name = f"Convoke {audience}"
            found = self._found(name)
            if found is None:
                made = {
                    "xsi_type": "NonRuleBasedFirstPartyAudienceSegment",
                    "name": name,
                    "description": "Kept by Convoke",
                    "membershipExpirationDays": 540,
                }
                found = self._call("AudienceSegmentService", "createAudienceSegments", [made])[0]["id"]
            self._segments[audience] = int(found)
        return self._segments[audience]

    def _found(self, name: str) -> int | None:
        """The number of the segment of that name."""
        value = {"xsi_type": "TextValue", "value": name}
        statement = {"query": "WHERE name = :name LIMIT 1", "values": [{"key": "name", "value": value}]}
        page = self._call("AudienceSegmentService", "getAudienceSegmentsByStatement", statement)
        results = page["results"] if page is not None else None
        return int(results[0]["id"]) if results else None

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, service: str, method: str, *values: Any) -> Any:
        """A call of the client; errors in the engine's words."""
        try:
            import googleads.errors
            import requests
            from google.auth.exceptions import GoogleAuthError
            from zeep.exceptions import Error as ZeepError
            from zeep.exceptions import TransportError
        except ImportError:
            raise Misconfigured("Ad Manager needs the part googleads", how_to_add("admanager")) from None
        try:
            return getattr(self._service(service), method)(*values)
        except googleads.errors.GoogleAdsServerFault as error:
            raise _in_our_words([str(one["errorString"]) for one in error.errors]) from None
        except googleads.errors.GoogleAdsValueError:
            raise Misconfigured("Ad Manager does not know this version", "Leave version out.") from None
        except GoogleAuthError as error:
            raise not_accepted(error) from None
        except TransportError as error:
            said = f"Ad Manager answers {error.status_code}"
            if error.status_code in (401, 403):
                raise Misconfigured(said, "Check the service account's rights.") from None
            raise Later(said) from None
        except (googleads.errors.GoogleAdsError, requests.RequestException, ZeepError, OSError) as error:
            raise Later(f"Ad Manager does not answer ({type(error).__name__})") from None

    def _service(self, name: str) -> Any:
        if name not in self._services:
            from googleads import ad_manager, common

            logging.getLogger("googleads.soap").setLevel(logging.CRITICAL)  # it would log whole requests
            signed_in = None if self._key is None else credentials("Ad Manager", self._key, self._reveal, _SCOPES)
            client = ad_manager.AdManagerClient(
                _Bearer(signed_in),
                "Convoke",
                network_code=self._network,
                cache=common.ZeepServiceProxy.NO_CACHE,
                timeout=_SECONDS,
            )
            version = {} if self._version is None else {"version": self._version}
            self._services[name] = client.GetService(name, server=self._endpoint, **version)
        return self._services[name]


class _Bearer:
    """Google's credentials as the SOAP client asks for them: a header for each call, renewed when it is over."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def CreateHttpHeader(self) -> dict[str, str]:  # noqa: N802 — the client's name for it
        """The header that says who asks."""
        headers: dict[str, str] = {}
        if self._credentials is not None:
            from google.auth.transport.requests import Request

            self._credentials.before_request(Request(), "POST", "https://ads.google.com", headers)
        return headers


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(ids))
    for first in range(0, len(distinct), _IDS_A_CALL):
        yield distinct[first : first + _IDS_A_CALL]


def _rejected(batch: Batch, wrong: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Rows of which nothing was taken."""
    for place, row in enumerate(batch.rows):
        if row.values and all(value in wrong for _, value in row.values):
            yield place, f"Ad Manager: {wrong[row.values[0][1]]}"


def _reason(error: Any) -> str:
    return _constant(str(error["errorString"])) if error is not None else "it does not say why"


def _constant(text: str) -> str:
    """An error's constant, such as ``QuotaError.EXCEEDED_QUOTA``; what else stands there may quote rows."""
    return text if _CONSTANT.fullmatch(text) else "an error without a known name"


def _in_our_words(errors: Sequence[str]) -> Exception:
    said = f"Ad Manager answers: {', '.join(map(_constant, errors)) or 'without a reason'}"
    if any(one.startswith(_PASSING) for one in errors):
        return Later(said)
    if any(mark in one for one in errors for mark in _OF_A_PERSON):
        return Misconfigured(said, "Check the network, the service account's rights and consent.")
    return Refused(said)

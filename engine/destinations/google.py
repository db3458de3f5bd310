"""Google Ads and Display & Video 360 by the Data Manager API, through Google's own client.

An audience of Convoke is the Customer Match list ``Convoke ID`` of the account, made when there is none. A request is
taken at once and worked on for minutes to hours: its id is kept, and the delivery is done when Google says so (first
asked after half an hour, then ever more seldom, at most hourly, as the API's diagnostics guide advises).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
from engine.faults.telling import cause_of

ACCOUNT_TYPES = ("GOOGLE_ADS", "DISPLAY_VIDEO_ADVERTISER", "DISPLAY_VIDEO_PARTNER")
_KEYS = ("account", "account_type", "login_account", "service_account", "terms", "consent", "endpoint")
_SCOPES = ("https://www.googleapis.com/auth/datamanager",)
_DAYS = 540
"""The longest that Google keeps a member of a Customer Match list."""
_IDENTIFIERS = 10
_SECONDS = 60.0
_FIRST, _LONGEST = 1_800.0, 3_600.0
_CONSTANT = re.compile(r"[A-Z][A-Z_]{2,60}")


class GoogleDestination:
    """Members of Customer Match lists.

    ``settings: {account, account_type, login_account, service_account, terms, consent, endpoint}``.
    """

    capabilities = Capabilities(
        batch_rows=10_000,
        idempotency="set",
        proof="contract",
        profiles=("google",),
        smallest_audience=100,
        longest_days=_DAYS,
    )

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        given = SettingsReader("Google", settings, _KEYS)
        self._account = given.text("account", "1234567890").replace("-", "")
        self._type = given.one_of("account_type", ACCOUNT_TYPES, ACCOUNT_TYPES[0])
        self._login = (given.optional("login_account") or "").replace("-", "") or self._account
        self._key, self._reveal = given.secret("service_account"), host.reveal
        self._consent = given.one_of("consent", ("", "granted"), "")
        self._endpoint = given.optional("endpoint")
        if given.one_of("terms", ("", "accepted"), "") != "accepted":
            hint = "Read them in Google Ads, then write terms: accepted."
            raise Misconfigured("Google: the Customer Match terms are not accepted", hint)
        if self._key is None and self._endpoint is None:
            raise Misconfigured("Google: service_account is missing", "Write service_account: {secret: NAME}.")
        if self._endpoint is not None:
            other = endpoint_of("Google", self._endpoint)
            host.must_be_vendors("Google", other.host, other.port)
            host.must_be_private("Google", other.host, other.port, "Leave endpoint out.")
        self._kinds = {name: host.kinds[name] for name in identifiers if host.kinds.get(name) in ("email", "phone")}
        self._channel: Any = None
        self._clients: tuple[Any, Any] | None = None
        self._lists: dict[str, str] = {}

    def check(self) -> str:
        """Whether the account's lists can be read."""
        from google.ads import datamanager_v1 as api

        asked = api.ListUserListsRequest(parent=self._parent, page_size=1)
        self._call(lambda _, lists: next(iter(lists.list_user_lists(asked, timeout=_SECONDS, retry=None)), None))
        return f"The lists of {self._type} {self._account} can be read."

    def send(self, batch: Batch) -> Receipt:
        """Hand people over; the receipt's reference is Google's id of the request."""
        from google.ads import datamanager_v1 as api

        if not self._kinds:
            raise Misconfigured("Google: no identifier is sent", "Add email or phone to identifiers.")
        members = [
            api.AudienceMember(user_data=api.UserData(user_identifiers=self._identifiers(row.values)))
            for row in batch.rows
            if row.values
        ]
        if not members:
            return Receipt({})
        about: dict[str, Any] = {"audience_members": members}
        about["destinations"] = [self._destination(batch.sync.audience)]
        about["encoding"] = api.Encoding.HEX
        if batch.operation == "add":
            accepted = api.TermsOfServiceStatus.ACCEPTED
            terms = api.TermsOfService(customer_match_terms_of_service_status=accepted)
            granted = api.ConsentStatus.CONSENT_GRANTED if self._consent else None
            consent = api.Consent(ad_user_data=granted, ad_personalization=granted)
            request = api.IngestAudienceMembersRequest(**about, terms_of_service=terms, consent=consent)
            answer = self._call(lambda c, _: c.ingest_audience_members(request, timeout=_SECONDS, retry=None))
        else:
            removal = api.RemoveAudienceMembersRequest(**about)
            answer = self._call(lambda c, _: c.remove_audience_members(removal, timeout=_SECONDS, retry=None))
        return Receipt({}, reference=str(answer.request_id))

    def _identifiers(self, values: Sequence[tuple[str, str]]) -> list[Any]:
        from google.ads import datamanager_v1 as api

        keys = {"email": "email_address", "phone": "phone_number"}
        known = [(self._kinds[name], value) for name, value in values if name in self._kinds][:_IDENTIFIERS]
        return [api.UserIdentifier(**{keys[kind]: value}) for kind, value in known]

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Ask what became of every request; Pending while Google works on one, Undone for those it did not do."""
        from google.ads import datamanager_v1 as api

        states = api.RequestStatusPerDestination.RequestStatus
        failed: dict[str, str] = {}
        for reference in sync.references.values():
            asked = api.RetrieveRequestStatusRequest(request_id=reference)
            answer = self._call(lambda c, _, a=asked: c.retrieve_request_status(a, timeout=_SECONDS, retry=None))
            for one in answer.request_status_per_destination:
                if one.request_status in (states.PROCESSING, states.REQUEST_STATUS_UNKNOWN):
                    raise Pending("Google is still working on it", min(_LONGEST, _FIRST * 1.3**sync.asked))
                if one.request_status == states.FAILED:
                    why = ", ".join(str(count.reason.name) for count in one.error_info.error_counts)
                    failed[reference] = why or "it does not say why"
        if failed:
            raise Undone(f"Google did not do what it took: {', '.join(sorted(set(failed.values())))}", list(failed))

    def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = self._clients = None

    # -- lists -----------------------------------------------------------------------------------------------------

    @property
    def _parent(self) -> str:
        return f"accountTypes/{self._type}/accounts/{self._account}"

    def _destination(self, audience: str) -> Any:
        from google.ads import datamanager_v1 as api

        kind = getattr(api.ProductAccount.AccountType, self._type)
        return api.Destination(
            operating_account=api.ProductAccount(account_id=self._account, account_type=kind),
            login_account=api.ProductAccount(account_id=self._login, account_type=kind),
            product_destination_id=self._list(audience),
        )

    def _list(self, audience: str) -> str:
        """The id of the list there."""
        from google.ads import datamanager_v1 as api
        from google.protobuf.duration_pb2 import Duration

        if audience not in self._lists:
            name = f"Convoke {audience}"
            asked = api.ListUserListsRequest(parent=self._parent, page_size=1000)

            def named(_: Any, lists: Any) -> Any:  # every page, until it is there
                shown = lists.list_user_lists(asked, timeout=_SECONDS, retry=None)
                return next((one for one in shown if one.display_name == name), None)

            found = self._call(named)
            if found is None:
                info = api.IngestedUserListInfo(
                    upload_key_types=[api.IngestedUserListInfo.UploadKeyType.CONTACT_ID],
                    contact_id_info=api.ContactIdInfo(data_source_type=api.DataSourceType.DATA_SOURCE_TYPE_FIRST_PARTY),
                )
                made = api.UserList(display_name=name, ingested_user_list_info=info)
                made.membership_duration = Duration(seconds=_DAYS * 86_400)
                create = api.CreateUserListRequest(parent=self._parent, user_list=made)
                found = self._call(lambda _, lists: lists.create_user_list(create, timeout=_SECONDS, retry=None))
            self._lists[audience] = str(found.id)
        return self._lists[audience]

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, work: Any) -> Any:
        """A call of the client; errors in the engine's words."""
        try:
            from google.api_core import exceptions
            from google.auth.exceptions import GoogleAuthError
        except ImportError:
            raise Misconfigured("Google needs the part google-ads-datamanager", how_to_add("google")) from None
        try:
            return work(*self._opened())
        except (exceptions.ResourceExhausted, exceptions.TooManyRequests) as error:
            raise Later(f"Google: {cause_of(error).words}", _wait(error)) from None
        except (exceptions.InvalidArgument, exceptions.OutOfRange) as error:
            raise Refused(f"Google: {cause_of(error).words}{_reasons(error)}") from None
        except (exceptions.ClientError, exceptions.FailedPrecondition) as error:
            said = f"Google: {cause_of(error).words}{_reasons(error)}"
            raise Misconfigured(said, "Check account, rights and terms.") from None
        except exceptions.GoogleAPICallError as error:
            self.close()  # the line may hang; another try opens one of its own
            raise Later(f"Google: {cause_of(error).words}") from None
        except GoogleAuthError as error:
            raise not_accepted(error) from None

    def _opened(self) -> tuple[Any, Any]:
        if self._clients is None:
            from google.ads.datamanager_v1 import IngestionServiceClient, UserListServiceClient
            from google.ads.datamanager_v1.services.ingestion_service.transports import IngestionServiceGrpcTransport
            from google.ads.datamanager_v1.services.user_list_service.transports import UserListServiceGrpcTransport

            if self._endpoint is not None:
                import grpc

                self._channel = grpc.insecure_channel(self._endpoint)
                self._clients = (
                    IngestionServiceClient(transport=IngestionServiceGrpcTransport(channel=self._channel)),
                    UserListServiceClient(transport=UserListServiceGrpcTransport(channel=self._channel)),
                )
            else:
                assert self._key is not None  # noqa: S101 - without an endpoint there is one
                signed_in = credentials("Google", self._key, self._reveal, _SCOPES)
                self._clients = (
                    IngestionServiceClient(credentials=signed_in),
                    UserListServiceClient(credentials=signed_in),
                )
        return self._clients


def _reasons(error: Any) -> str:
    """The constants by which Google names what is wrong, such as ``(INVALID_HEX_ENCODING)``. Its message is left out,
    since it may quote rows."""
    found = [str(getattr(error, "reason", None) or "")]
    found += [str(getattr(one, "reason", "")) for one in getattr(error, "details", ()) or ()]
    known = sorted({one for one in found if _CONSTANT.fullmatch(one)})
    return f" ({', '.join(known)})" if known else ""


def _wait(error: Any) -> float | None:
    """The seconds of the error's RetryInfo."""
    for detail in getattr(error, "details", ()) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds)
    return None

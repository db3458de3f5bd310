"""A Data Manager API on this machine, made from the official client's own types: lists, members, and requests that are
worked on for as long as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.ads import datamanager_v1 as api
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

_SERVICE = "google.ads.datamanager.v1"


class DataManager:
    """Lists by id: their names, and their members by (kind, hash)."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.members: dict[str, set[tuple[str, str]]] = {}
        self.requests: list[Any] = []
        self.states: dict[str, Any] = {}
        self.polls: list[str] = []
        self.working = False
        self.fails: tuple[grpc.StatusCode, str] | tuple[grpc.StatusCode, str, int] | None = None
        self.fails_after = 0
        self.refuses: str | None = None
        self.address = ""

    def list(self, request: Any, context: Any) -> Any:
        """Two a page, to see that all are read."""
        self._checked(context)
        ids = sorted(self.names)
        first = int(request.page_token or 0)
        shown = [api.UserList(id=int(one), display_name=self.names[one]) for one in ids[first : first + 2]]
        following = str(first + 2) if first + 2 < len(ids) else ""
        return api.ListUserListsResponse(user_lists=shown, next_page_token=following)

    def create(self, request: Any, context: Any) -> Any:
        self._checked(context)
        assert request.parent == "accountTypes/GOOGLE_ADS/accounts/123"
        identifier = str(1000 + len(self.names))
        self.names[identifier], self.members[identifier] = request.user_list.display_name, set()
        made = api.UserList(request.user_list)
        made.id = int(identifier)
        return made

    def ingest(self, request: Any, context: Any) -> Any:
        assert request.terms_of_service.customer_match_terms_of_service_status == api.TermsOfServiceStatus.ACCEPTED
        self._change(request, context, set.add)
        return api.IngestAudienceMembersResponse(request_id=self._number())

    def remove(self, request: Any, context: Any) -> Any:
        self._change(request, context, set.discard)
        return api.RemoveAudienceMembersResponse(request_id=self._number())

    def status(self, request: Any, context: Any) -> Any:
        self._checked(context)
        self.polls.append(request.request_id)
        states = api.RequestStatusPerDestination.RequestStatus
        state = self.states.get(request.request_id, states.PROCESSING if self.working else states.SUCCESS)
        return api.RetrieveRequestStatusResponse(
            request_status_per_destination=[api.RequestStatusPerDestination(request_status=state)]
        )

    def _number(self) -> str:
        return f"request-{len(self.requests)}"

    def _change(self, request: Any, context: Any, change: Callable[[set[Any], Any], None]) -> None:
        self._checked(context)
        assert request.encoding == api.Encoding.HEX
        assert len(request.audience_members) <= 10_000
        found = [
            (kind, value)
            for member in request.audience_members
            for one in member.user_data.user_identifiers
            for kind, value in (("email", one.email_address), ("phone", one.phone_number))
            if value
        ]
        if self.refuses is not None and any(value == self.refuses for _, value in found):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a field is invalid")
        self.requests.append(request)
        (place,) = request.destinations
        for one in found:
            change(self.members[place.product_destination_id], one)

    def _checked(self, context: Any) -> None:
        if self.fails is None:
            return
        if self.fails_after:
            self.fails_after -= 1
            return
        code, message, *seconds = self.fails
        if seconds:
            delay = RetryInfo(retry_delay=Duration(seconds=seconds[0]))
            inside = AnyMessage()
            inside.Pack(delay)
            context.abort_with_status(
                rpc_status.to_status(Status(code=code.value[0], message=message, details=[inside]))
            )
        context.abort(code, message)


@contextmanager
def data_manager() -> Iterator[DataManager]:
    """One that runs."""
    made = DataManager()
    server = grpc.server(ThreadPoolExecutor(2))

    def handler(call: Callable[[Any, Any], Any], asked: Any, answered: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            call, request_deserializer=asked.deserialize, response_serializer=answered.serialize
        )

    services = {
        "IngestionService": {
            "IngestAudienceMembers": handler(
                made.ingest, api.IngestAudienceMembersRequest, api.IngestAudienceMembersResponse
            ),
            "RemoveAudienceMembers": handler(
                made.remove, api.RemoveAudienceMembersRequest, api.RemoveAudienceMembersResponse
            ),
            "RetrieveRequestStatus": handler(
                made.status, api.RetrieveRequestStatusRequest, api.RetrieveRequestStatusResponse
            ),
        },
        "UserListService": {
            "ListUserLists": handler(made.list, api.ListUserListsRequest, api.ListUserListsResponse),
            "CreateUserList": handler(made.create, api.CreateUserListRequest, api.UserList),
        },
    }
    for name, methods in services.items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"{_SERVICE}.{name}", methods),))
    made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield made
    finally:
        server.stop(0).wait()

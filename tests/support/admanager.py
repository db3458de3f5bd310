"""An Ad Manager on this machine: its two services by a WSDL made from a table of the reference's types, driven by Google's
own SOAP client; segments, their members by PPID, and uploads that are worked on for as long as a test wants.

Types: developers.google.com/ad-manager/api/reference, SegmentPopulationService and AudienceSegmentService.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

_VERSION = "v202608"
_NS = f"https://www.google.com/apis/ads/publisher/{_VERSION}"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TYPES: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    # name: (what it extends, "field type [*]")
    "SoapRequestHeader": (None, ("networkCode string", "applicationName string")),
    "SoapResponseHeader": (None, ("requestId string", "responseTime long")),
    "ApiError": (None, ("fieldPath string", "trigger string", "errorString string")),
    "SegmentPopulationError": ("ApiError", ("reason string",)),
    "ApplicationException": (None, ("message string",)),
    "ApiException": ("ApplicationException", ("errors ApiError *",)),
    "SegmentPopulationRequest": (
        None,
        (
            "batchUploadId long",
            "segmentId long",
            "isDeletion boolean",
            "identifierType string",
            "ids string *",
            "consentType string",
        ),
    ),
    "IdError": (None, ("id string", "error SegmentPopulationError")),
    "SegmentPopulationResponse": (None, ("batchUploadId long", "idErrors IdError *")),
    "SegmentPopulationAction": (None, ()),
    "ProcessAction": ("SegmentPopulationAction", ()),
    "UpdateResult": (None, ("numChanges int",)),
    "SegmentPopulationResults": (
        None,
        ("batchUploadId long", "segmentId long", "status string", "numSuccessfulIdsProcessed long", "errors IdError *"),
    ),
    "AudienceSegment": (None, ("id long", "name string", "description string")),
    "FirstPartyAudienceSegment": ("AudienceSegment", ()),
    "NonRuleBasedFirstPartyAudienceSegment": ("FirstPartyAudienceSegment", ("membershipExpirationDays int",)),
    "AudienceSegmentPage": (None, ("totalResultSetSize int", "startIndex int", "results AudienceSegment *")),
    "Value": (None, ()),
    "TextValue": ("Value", ("value string",)),
    "String_ValueMapEntry": (None, ("key string", "value Value")),
    "Statement": (None, ("query string", "values String_ValueMapEntry *")),
}
_SERVICES: Mapping[str, Mapping[str, tuple[tuple[str, ...], str]]] = {
    "SegmentPopulationService": {
        "updateSegmentMemberships": (("updateRequest SegmentPopulationRequest",), "SegmentPopulationResponse"),
        "performSegmentPopulationAction": (
            ("action SegmentPopulationAction", "batchUploadIds long *"),
            "UpdateResult",
        ),
        "getSegmentPopulationResultsByIds": (("batchUploadIds long *",), "SegmentPopulationResults *"),
    },
    "AudienceSegmentService": {
        "getAudienceSegmentsByStatement": (("filterStatement Statement",), "AudienceSegmentPage"),
        "createAudienceSegments": (("segments FirstPartyAudienceSegment *",), "FirstPartyAudienceSegment *"),
    },
}
_PLAIN = ("string", "long", "int", "boolean")


def _element(field: str) -> str:
    name, kind, *many = field.split()
    prefix = "xsd" if kind in _PLAIN else "tns"
    most = "unbounded" if many else "1"
    return f'<xsd:element minOccurs="0" maxOccurs="{most}" name="{name}" type="{prefix}:{kind}"/>'


def _wsdl(service: str, address: str) -> str:
    types = []
    for name, (base, fields) in _TYPES.items():
        inside = f"<xsd:sequence>{''.join(map(_element, fields))}</xsd:sequence>"
        if base is not None:
            inside = (
                f'<xsd:complexContent><xsd:extension base="tns:{base}">{inside}</xsd:extension></xsd:complexContent>'
            )
        types.append(f'<xsd:complexType name="{name}">{inside}</xsd:complexType>')
    wrapped = [
        '<xsd:element name="RequestHeader" type="tns:SoapRequestHeader"/>',
        '<xsd:element name="ResponseHeader" type="tns:SoapResponseHeader"/>',
        '<xsd:element name="ApiExceptionFault" type="tns:ApiException"/>',
    ]
    messages, port, binding = [], [], []
    for method, (given, answer) in _SERVICES[service].items():
        for name, fields in ((method, given), (f"{method}Response", (f"rval {answer}",))):
            inside = "".join(map(_element, fields))
            wrapped.append(
                f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{inside}</xsd:sequence></xsd:complexType></xsd:element>'
            )
        messages.append(
            f'<wsdl:message name="{method}Request"><wsdl:part element="tns:{method}" name="parameters"/></wsdl:message>'
            f'<wsdl:message name="{method}Response"><wsdl:part element="tns:{method}Response" name="parameters"/></wsdl:message>'
        )
        port.append(
            f'<wsdl:operation name="{method}"><wsdl:input message="tns:{method}Request"/>'
            f'<wsdl:output message="tns:{method}Response"/>'
            '<wsdl:fault message="tns:ApiException" name="ApiException"/></wsdl:operation>'
        )
        binding.append(
            f'<wsdl:operation name="{method}"><soap:operation soapAction=""/><wsdl:input>'
            '<soap:header message="tns:RequestHeader" part="RequestHeader" use="literal"/><soap:body use="literal"/>'
            "</wsdl:input><wsdl:output>"
            '<soap:header message="tns:ResponseHeader" part="ResponseHeader" use="literal"/><soap:body use="literal"/></wsdl:output>'
            '<wsdl:fault name="ApiException"><soap:fault name="ApiException" use="literal"/></wsdl:fault></wsdl:operation>'
        )
    return f"""<wsdl:definitions targetNamespace="{_NS}" xmlns:tns="{_NS}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<wsdl:types><xsd:schema elementFormDefault="qualified" targetNamespace="{_NS}">{"".join(types + wrapped)}</xsd:schema>
</wsdl:types>
<wsdl:message name="RequestHeader"><wsdl:part element="tns:RequestHeader" name="RequestHeader"/></wsdl:message>
<wsdl:message name="ResponseHeader"><wsdl:part element="tns:ResponseHeader" name="ResponseHeader"/></wsdl:message>
<wsdl:message name="ApiException"><wsdl:part element="tns:ApiExceptionFault" name="ApiException"/></wsdl:message>
{"".join(messages)}
<wsdl:portType name="{service}Interface">{"".join(port)}</wsdl:portType>
<wsdl:binding name="{service}SoapBinding" type="tns:{service}Interface">
<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(binding)}</wsdl:binding>
<wsdl:service name="{service}"><wsdl:port binding="tns:{service}SoapBinding" name="{service}InterfacePort">
<soap:address location="{address}/apis/ads/publisher/{_VERSION}/{service}"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""


class Fault(Exception):
    """An error of the API, such as ``QuotaError.EXCEEDED_QUOTA``."""


class AdManager:
    """Segments by number: their names, and their members; uploads with what they hold until they are processed."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.members: dict[int, set[str]] = {}
        self.uploads: dict[int, dict[str, Any]] = {}
        self.calls: list[bytes] = []
        self.unknown: set[str] = set()
        self.state = "SUCCESS"
        self.fails: str | None = None
        self.breaks: int = 0
        self.address = ""

    def getAudienceSegmentsByStatement(self, body: Any) -> str:
        name = _text(body, ".//{*}values/{*}value/{*}value")
        assert "name = :name" in _text(body, ".//{*}query")
        found = [number for number, one in self.names.items() if one == name]
        shown = "".join(
            f'<results xsi:type="NonRuleBasedFirstPartyAudienceSegment"><id>{number}</id></results>' for number in found
        )
        return f"<rval><totalResultSetSize>{len(found)}</totalResultSetSize>{shown}</rval>"

    def createAudienceSegments(self, body: Any) -> str:
        (made,) = body.findall("{*}segments")
        assert made.get(_XSI).endswith("NonRuleBasedFirstPartyAudienceSegment")
        assert _text(made, "{*}membershipExpirationDays") == "540"
        number = 700 + len(self.names)
        self.names[number], self.members[number] = _text(made, "{*}name"), set()
        return f'<rval xsi:type="NonRuleBasedFirstPartyAudienceSegment"><id>{number}</id></rval>'

    def updateSegmentMemberships(self, body: Any) -> str:
        ids = [one.text for one in body.findall(".//{*}ids")]
        if len(ids) > 100_000:
            raise Fault("SegmentPopulationError.TOO_MANY_IDENTIFIERS")
        assert _text(body, ".//{*}identifierType") == "PUBLISHER_PROVIDED_IDENTIFIER"
        given = body.find(".//{*}batchUploadId")
        number = int(given.text) if given is not None and given.text else 9_000 + len(self.uploads)
        upload = self.uploads.setdefault(number, {"ids": [], "started": False})
        assert not upload["started"]
        upload["segment"] = int(_text(body, ".//{*}segmentId"))
        upload["deletion"] = _text(body, ".//{*}isDeletion") == "true"
        upload["consent"] = _text(body, ".//{*}consentType")
        upload["ids"] += [one for one in ids if one not in self.unknown]
        errors = "".join(
            f"<idErrors><id>{one}</id><error><errorString>SegmentPopulationError.INVALID_IDENTIFIER</errorString></error></idErrors>"
            for one in ids
            if one in self.unknown
        )
        return f"<rval><batchUploadId>{number}</batchUploadId>{errors}</rval>"

    def performSegmentPopulationAction(self, body: Any) -> str:
        assert body.find("{*}action").get(_XSI).endswith("ProcessAction")
        for one in body.findall("{*}batchUploadIds"):
            upload = self.uploads[int(one.text)]
            if upload["started"]:
                raise Fault("SegmentPopulationError.JOB_ALREADY_STARTED")
            upload["started"] = True
            if self.state != "FAILED":
                change = set.difference_update if upload["deletion"] else set.update
                change(self.members[upload["segment"]], upload["ids"])
        return "<rval><numChanges>1</numChanges></rval>"

    def getSegmentPopulationResultsByIds(self, body: Any) -> str:
        return "".join(
            f"<rval><batchUploadId>{one.text}</batchUploadId><status>{self.state}</status></rval>"
            for one in body.findall("{*}batchUploadIds")
        )

    def answer(self, raw: bytes) -> tuple[int, str]:
        """The SOAP answer to a request."""
        self.calls.append(raw)
        envelope = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
        assert _text(envelope, ".//{*}RequestHeader/{*}networkCode") == "4242"
        (body,) = envelope.find(f"{{{_SOAP}}}Body")
        method = etree.QName(body).localname
        try:
            if self.fails is not None:
                raise Fault(self.fails)
            inside, status = f'<{method}Response xmlns="{_NS}">{getattr(self, method)(body)}</{method}Response>', 200
        except Fault as error:
            detail = f"<errors><errorString>{escape(str(error))}</errorString></errors>"
            detail = f'<ApiExceptionFault xmlns="{_NS}"><message>no</message>{detail}</ApiExceptionFault>'
            inside = f"<s:Fault xmlns=''><faultcode>s:Server</faultcode><faultstring>no</faultstring><detail>{detail}</detail></s:Fault>"
            status = 500
        header = "<s:Header><ResponseHeader><requestId>r1</requestId></ResponseHeader></s:Header>"
        xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        return (
            status,
            f'<s:Envelope xmlns:s="{_SOAP}" {xsi} xmlns="{_NS}">{header}<s:Body>{inside}</s:Body></s:Envelope>',
        )


def _text(body: Any, path: str) -> str:
    found = body.find(path)
    assert found is not None, path
    return str(found.text)


@contextmanager
def ad_manager() -> Iterator[AdManager]:
    """One that runs."""
    made = AdManager()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            service = self.path.split("?")[0].rsplit("/", 1)[1]
            self._say(200, _wsdl(service, made.address))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = made.answer(raw)
            if made.breaks:
                made.breaks -= 1
                self.close_connection = True
                return
            self._say(status, text)

        def _say(self, status: int, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    running.start()
    try:
        yield made
    finally:
        server.shutdown()
        running.join()
        server.server_close()

"""What each kind of destination needs to be told, for forms and for `convoke destination types`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.destinations.files import CELLS, FORMATS

FieldKind = Literal["text", "number", "choice", "folder", "file", "secret"]


@dataclass(frozen=True)
class Field:
    """A setting: its name, what it holds, whether it must be given, and an example or the first choice."""

    name: str
    kind: FieldKind = "text"
    needed: bool = False
    example: str = ""
    choices: tuple[str, ...] = ()


_FORMAT = Field("format", "choice", choices=FORMATS)
_CELLS = Field("cells", "choice", choices=CELLS)
_TLS = ("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
FORMS: Mapping[str, tuple[Field, ...]] = {
    "folder": (Field("path", "folder", needed=True, example="/exports"), _FORMAT, _CELLS),
    "sftp": (
        Field("host", needed=True, example="files.example.org"),
        Field("port", "number", example="22"),
        Field("user", needed=True, example="convoke"),
        Field("path", example="exports"),
        _FORMAT,
        _CELLS,
        Field("host_key", example="ssh-ed25519 AAAA…"),
        Field("private_key", "secret"),
        Field("key_passphrase", "secret"),
        Field("password", "secret"),
    ),
    "objects": (
        Field("url", needed=True, example="s3://bucket/prefix"),
        _FORMAT,
        _CELLS,
        Field("region", example="sa-east-1"),
        Field("endpoint", example="https://s3.example.org"),
        Field("access_key_id"),
        Field("secret_access_key", "secret"),
        Field("session_token", "secret"),
        Field("account_name"),
        Field("account_key", "secret"),
        Field("service_account_key", "secret"),
    ),
    "postgres": (
        Field("host", example="db.example.org"),
        Field("port", "number", example="5432"),
        Field("dbname", needed=True, example="crm"),
        Field("user", example="convoke"),
        Field("password", "secret"),
        Field("sslmode", "choice", choices=_TLS),
        Field("schema", example="public"),
        Field("table", example="convoke_members"),
    ),
    "mysql": (
        Field("host", example="db.example.org"),
        Field("port", "number", example="3306"),
        Field("socket", "file"),
        Field("database", needed=True, example="crm"),
        Field("user", needed=True, example="convoke"),
        Field("password", "secret"),
        Field("ca", "file"),
        Field("table", example="audience_members"),
    ),
    "webhook": (
        Field("url", needed=True, example="https://example.org/convoke"),
        Field("secret", "secret", needed=True),
        Field("ca", "file"),
    ),
    "meta": (
        Field("ad_account", needed=True, example="1234567890"),
        Field("token", "secret", needed=True),
        Field("app_secret", "secret"),
        Field("version", example="v26.0"),
        Field("endpoint", example="https://graph.facebook.com"),
    ),
    "google": (
        Field("account", needed=True, example="1234567890"),
        Field("account_type", "choice", choices=("GOOGLE_ADS", "DISPLAY_VIDEO_ADVERTISER", "DISPLAY_VIDEO_PARTNER")),
        Field("login_account", example="1234567890"),
        Field("service_account", "secret"),
        Field("terms", "choice", choices=("", "accepted")),
        Field("consent", "choice", choices=("", "granted")),
    ),
    "admanager": (
        Field("network", needed=True, example="12345678"),
        Field("service_account", "secret"),
        Field("consent", "choice", choices=("", "granted", "denied", "unknown")),
        Field("version", example="v202608"),
    ),
}

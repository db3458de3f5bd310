"""The workspace's settings: a typed `convoke.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, TypeAlias

from engine.durable import sync_folder
from engine.errors import EngineError, nearest

Network: TypeAlias = IPv4Network | IPv6Network
FILE = "convoke.toml"
VARIABLE = "CONVOKE_WORKSPACE"
LANGUAGES = ("en", "es", "pt_BR")
THEMES = ("system", "light", "dark", "contrast")
REGIONS = (
    "en_US", "es_AR", "es_BO", "es_CL", "es_CO", "es_CR", "es_DO", "es_EC", "es_GT", "es_HN", "es_MX", "es_NI",
    "es_PA", "es_PE", "es_PY", "es_SV", "es_US", "es_UY", "es_VE", "pt_BR",
)  # fmt: skip
KEEPERS = ("keyring", "vault")
LAYOUTS = ("daily", "manual")
STITCHING = ("off", "on")
_LEAST_MEMORY = 256 << 20
_HEAD = "# The settings of this Convoke workspace. The README explains each one.\n"


@dataclass(frozen=True)
class Settings:
    """What a workspace remembers besides its database."""

    warehouse: str | None = None
    """The URL of the warehouse, as `convoke connect` was given it."""
    language: str = "en"
    """The language of the app and of rule descriptions: en, es or pt_BR."""
    region: str | None = None
    """How the app writes numbers and dates, such as es_CO; by default as the language does."""
    theme: str = "system"
    """The app's colours: light, dark, contrast, or as the system has them."""
    memory: str | None = None
    """How much memory evaluating may take, such as "4GB"; by default two fifths of the machine's, at most 6 GB."""
    query_time: str = "1h"
    """How long one query of the warehouse may take, such as "30m"; then it is interrupted."""
    query_result: str = "4GB"
    """How large one answer of a served warehouse may be."""
    keep: str = "90d"
    """How long snapshots are kept, such as "90d"; the newest of each audience always stays."""
    serve: str | None = None
    """Where the daemon serves the warehouse to other Convokes: unix, or HOST:PORT; by default nowhere."""
    serve_api: str | None = None
    """Where the daemon serves the REST API: HOST:PORT; by default nowhere."""
    collect: str | None = None
    """Where the daemon takes events by the Segment protocol: HOST:PORT; by default nowhere."""
    collect_origins: str | None = None
    """The web sites whose pages may send events, apart by spaces, such as https://shop.example; or * for any."""
    collect_late: str = "90d"
    """Events that happened longer ago than this are put aside."""
    collect_stitch: str = "off"
    """Whether what an anonymous id did counts for the one user whom it came together with: on or off."""
    follow_whole: str = "1h"
    """How often audiences that follow collected events are run as a whole, for time passes for everybody."""
    layout: str = "daily"
    """When the own warehouse's tables of events are sorted for the audiences there are: daily, or manual."""
    sensitive: str = ""
    """Further words, apart by spaces: no model learns from a trait or property that has one of them in its name."""
    serve_certificate: str | None = None
    """The certificate both are served with, a PEM file; beyond this machine there must be one."""
    serve_key: str | None = None
    """The certificate's private key, a PEM file."""

    trusted_proxies: str = ""
    """Addresses and networks of proxies before the API, apart by spaces; only they say whom they ask for."""
    api_places: str = "3"
    """How many requests of one token the API works on at once; others wait for a place."""
    api_rate: str = "3000"
    """How many requests a token may send each minute."""
    api_time: str = "2m"
    """How long the API works on one request, such as "30s" or "2m"."""
    least_group: str = "10"
    """Tokens without the scope members see no number of fewer people than this; "1" shows them every number."""
    allow_environment: str = ""
    """Variables that documents may name besides CONVOKE_SECRET_…, apart by spaces; a star at the end stands for any."""
    allow_endpoints: str = ""
    """HOST or HOST:PORT, apart by spaces: other endpoints of vendors, lines without TLS, and link-local addresses."""
    allow_folders: str = ""
    """Folders besides the workspace that documents and tokens may name, apart by semicolons."""
    alerts: str | None = None
    """Who is told of alerts: names of secrets, apart by spaces, each an address as Apprise writes them."""
    secrets: str = "keyring"
    """What keeps the passwords and keys of destinations: the system's keyring, or the workspace's encrypted vault."""
    vault_key: str | None = None
    """The vault's key file; without one the vault has a passphrase."""

    @property
    def memory_bytes(self) -> int:
        """The memory setting in bytes."""
        return _default_memory() if self.memory is None else _size(self.memory)

    @property
    def process_bytes(self) -> int:
        """How large the process may grow before its queries are interrupted: three times the memory setting, at least
        two gigabytes more than it, for the texts and results that the warehouse does not count."""
        return max(3 * self.memory_bytes, self.memory_bytes + (2 << 30))

    @property
    def query_seconds(self) -> float:
        """The query_time setting in seconds."""
        return _time(self.query_time, "query_time").total_seconds()

    @property
    def result_bytes(self) -> int:
        """The query_result setting in bytes."""
        return _size(self.query_result, "query_result")

    @property
    def sensitive_words(self) -> tuple[str, ...]:
        """The sensitive setting as words."""
        return tuple(self.sensitive.lower().replace(",", " ").split())

    @property
    def collect_late_days(self) -> int:
        """The collect_late setting in days."""
        return _days(self.collect_late, "collect_late")

    @property
    def follow_whole_every(self) -> timedelta:
        """The follow_whole setting."""
        return _time(self.follow_whole, "follow_whole")

    @property
    def api_seconds(self) -> float:
        """The api_time setting in seconds."""
        return _seconds(self.api_time)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The trusted_proxies setting as networks."""
        return tuple(_network(one) for one in self.trusted_proxies.split())

    def number(self, name: Literal["api_places", "api_rate", "least_group"]) -> int:
        """A setting that is a whole number of at least 1."""
        return _whole(name, getattr(self, name))

    @property
    def keep_days(self) -> int:
        """The keep setting in days."""
        return _days(self.keep)


def find_workspace(given: Path | None, start: Path | None = None) -> Path:
    """The workspace folder: given, from the environment, or the nearest above the working folder."""
    if given is not None:
        return _must_be_workspace(given)
    from_environment = os.environ.get(VARIABLE)
    if from_environment:
        return _must_be_workspace(Path(from_environment))
    current = (start or Path.cwd()).resolve()
    for folder in (current, *current.parents):
        if (folder / FILE).is_file():
            return folder
    raise EngineError(
        "no_workspace",
        "there is no workspace here",
        hint=f"Make one with convoke init DIR, or name one with --workspace or {VARIABLE}.",
    )


def _must_be_workspace(folder: Path) -> Path:
    if not (folder / FILE).is_file():
        raise EngineError("no_workspace", f"{folder} is not a workspace", hint=f"Make it one: convoke init {folder}.")
    return folder.resolve()


def read_settings(folder: Path) -> Settings:
    """The settings of a workspace; unknown names and wrong types are errors."""
    path = folder / FILE
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EngineError("file", f"{path} cannot be read: {error}", hint="Correct the file.") from None
    known = [field.name for field in fields(Settings)]
    for name, value in found.items():
        if name not in known:
            raise EngineError("structure", f'{FILE} has no setting "{name}"', name, nearest(name, known, "setting"))
        if not isinstance(value, str):
            raise EngineError("structure", f"{name} must be text in {FILE}", name, "Put it in quotes.")
    settings = Settings(**found)
    _one_of("language", settings.language, LANGUAGES)
    _one_of("theme", settings.theme, THEMES)
    _one_of("secrets", settings.secrets, KEEPERS)
    _one_of("layout", settings.layout, LAYOUTS)
    _one_of("collect_stitch", settings.collect_stitch, STITCHING)
    if settings.region is not None:
        _one_of("region", settings.region, REGIONS)
    if settings.memory is not None:
        _size(settings.memory)
    _days(settings.keep)
    _days(settings.collect_late, "collect_late")
    _time(settings.follow_whole, "follow_whole")
    _seconds(settings.api_time)
    for text in settings.trusted_proxies.split():
        _network(text)
    for name in ("api_places", "api_rate", "least_group"):
        _whole(name, getattr(settings, name))
    _time(settings.query_time, "query_time")
    _size(settings.query_result, "query_result")
    return settings


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise EngineError("structure", f'there is no {name} "{value}"', name, nearest(value, known, name))


def _size(text: str, name: str = "memory") -> int:
    found = re.fullmatch(r"\s*(\d+)\s*(MB|GB)\s*", text, re.IGNORECASE)
    size = int(found[1]) * (1 << (30 if found[2].upper() == "GB" else 20)) if found else 0
    if size < _LEAST_MEMORY:
        raise EngineError("structure", f'"{text}" is no amount of memory', name, 'Write "4GB"; at least "256MB".')
    return size


def _days(text: str, name: str = "keep") -> int:
    found = re.fullmatch(r"\s*(\d+)\s*d\s*", text)
    if found is None:
        raise EngineError("structure", f'"{text}" is no number of days', name, 'Write it as "90d".')
    return int(found[1])


def _time(text: str, name: str) -> timedelta:
    found = re.fullmatch(r"\s*(\d+)\s*([mhd])\s*", text)
    time = timedelta(minutes=int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]]) if found else timedelta()
    if not time:
        raise EngineError("structure", f'"{text}" is no length of time', name, 'Write it as "15m", "1h" or "1d".')
    return time


def _seconds(text: str) -> float:
    found = re.fullmatch(r"\s*(\d{1,5})\s*([sm])\s*", text)
    seconds = int(found[1]) * {"s": 1.0, "m": 60.0}[found[2]] if found else 0.0
    if not seconds:
        raise EngineError("structure", f'"{text}" is no length of time', "api_time", 'Write it as "30s" or "2m".')
    return seconds


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or not int(text):
        raise EngineError("structure", f'"{text}" is not a whole number of at least 1', name, 'Write it as "10".')
    return int(text)


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        hint = 'Write it as "10.0.0.4" or "10.0.0.0/24".'
        raise EngineError("structure", f'"{text}" is not an address or a network', "trusted_proxies", hint) from None


def _default_memory() -> int:
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        physical = 8 << 30
    return min(6 << 30, physical * 2 // 5)


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings, all at once."""
    lines = [_HEAD]
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if value is not None:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{field.name} = "{text}"\n')
    path = folder / FILE
    fresh = path.with_suffix(".toml.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write("".join(lines))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        sync_folder(folder)  # or a workspace might open with its settings gone
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise EngineError(
            "file", f"{path} cannot be written: {reason}", hint="Check the folder's permissions."
        ) from None

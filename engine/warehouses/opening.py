"""From a URL to a warehouse. Built-in kinds are listed here; others register by the entry point group
``convoke.warehouses`` (a name = URL scheme, a callable from URL to Warehouse)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from engine.errors import EngineError
from engine.plugins import Plugins
from engine.warehouses.duck import Attached
from engine.warehouses.files import Beside, DuckDBFile, Folder
from engine.warehouses.local import LocalWarehouse
from engine.warehouses.protocol import Warehouse

GROUP = "convoke.warehouses"
LOCAL = "local:"
SCHEMES = ("flight", "flight+tls", "flight+unix")
_HINT = "Write duckdb:///path/to/file.duckdb, the path of a folder of Parquet, CSV or JSON files, or flight+tls://HOST:PORT."


def normal_url(url: str, base: Path) -> str:
    """The URL to remember: a path becomes absolute, so that it works from anywhere."""
    if url == LOCAL:
        return url
    scheme, path = _split(url)
    if scheme not in ("", "duckdb", "file"):
        return url
    found = _absolute(path, base)
    if scheme == "duckdb" or (found.is_file() and found.suffix in (".duckdb", ".db")):
        return f"duckdb:///{found.as_posix().lstrip('/')}"
    return found.as_posix()


def open_warehouse(url: str, local_folder: Path, *, apart: bool = False, beside: Attached | None = None) -> Warehouse:
    """Open a warehouse for reading; raises EngineError("warehouse_file") with what is wrong. ``apart``: also while
    this process still reads an older state of the same file. ``beside``: a map of persons to join with, which only
    warehouses in files of this machine can; what was collected into ``local_folder`` is read beside those too."""
    every = Beside(beside, local_folder)
    if url == LOCAL:
        return LocalWarehouse(local_folder, apart=apart, beside=every)
    scheme, path = _split(url)
    if scheme == "duckdb":
        return DuckDBFile(url, _absolute(path, Path.cwd()), apart=apart, beside=every)
    if scheme in ("", "file"):
        found = _absolute(path, Path.cwd())
        if found.is_file():
            return DuckDBFile(url, found, apart=apart, beside=every)
        return Folder(url, found, beside=every)
    if scheme in SCHEMES:
        from engine.warehouses.flight import FlightWarehouse

        return FlightWarehouse(url)
    plugins = Plugins(GROUP)
    factory = plugins.get(scheme)
    if factory is None:
        raise EngineError("usage", f'there is no warehouse kind "{scheme}"', url, _HINT)
    opened: Warehouse = factory(url)
    return opened


def _split(url: str) -> tuple[str, str]:
    scheme, separator, rest = url.partition("://")
    if separator:
        return scheme.lower(), unquote(rest)
    head, colon, tail = url.partition(":")
    if colon and len(head) > 1 and head.isalnum() and "/" not in head:
        return head.lower(), tail
    return "", url


def _absolute(path: str, base: Path) -> Path:
    """`duckdb:///tmp/x` and `duckdb:////tmp/x` name /tmp/x when it is there, else tmp/x below the base."""
    if path.startswith("/"):
        rooted = Path("/" + path.lstrip("/"))
        relative = base / path.lstrip("/")
        return relative.resolve() if relative.exists() and not rooted.exists() else rooted
    return (base / Path(path).expanduser()).resolve()

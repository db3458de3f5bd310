"""What the daemon serves besides: the warehouse, the REST API and the collector, where the settings say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.errors import EngineError
from engine.settings import Settings


class Served(Protocol):
    """Something that is served."""

    location: str

    def stop(self) -> None:
        """Stop listening."""


def serving(
    folder: Path, settings: Settings, log: logging.LoggerAdapter[logging.Logger] | logging.Logger
) -> list[Served]:
    """Serve what is to be served; what keeps one of them from it is logged, the audiences run on."""
    certificate, key = (
        None if one is None else folder / one for one in (settings.serve_certificate, settings.serve_key)
    )
    wanted: list[tuple[str, str | None, Callable[[str], Served]]] = [
        ("the warehouse", settings.serve, lambda address: _warehouse(folder, address, certificate, key)),
        ("the API", settings.serve_api, lambda address: _api(folder, address, certificate, key)),
        ("the collector", settings.collect, lambda address: _collector(folder, address, certificate, key)),
    ]
    served: list[Served] = []
    for what, address, serve in wanted:
        if address is None:
            continue
        try:
            one = serve(address)
        except EngineError as error:
            log.error(f"{what} is not served", extra={"fields": error.as_json()["error"]})
            continue
        log.info(f"{what} is served", extra={"fields": {"at": one.location}})
        served.append(one)
    return served


def _warehouse(folder: Path, address: str, certificate: Path | None, key: Path | None) -> Served:
    from engine.serving.hosting import Hosted

    return Hosted(folder, address, certificate, key)


def _api(folder: Path, address: str, certificate: Path | None, key: Path | None) -> Served:
    from engine.api.hosting import HostedApi

    return HostedApi(folder, address, certificate, key)


def _collector(folder: Path, address: str, certificate: Path | None, key: Path | None) -> Served:
    from engine.api.hosting import HostedCollector

    return HostedCollector(folder, address, certificate, key)

"""The country of a site, as its time zone, its currency and its id tell it: identifiers are read by it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from engine.domain.model import Site

_CURRENCIES = {
    "ARS": "AR", "BOB": "BO", "BRL": "BR", "CLP": "CL", "COP": "CO", "CRC": "CR", "CUP": "CU", "DOP": "DO", "GTQ": "GT",
    "HNL": "HN", "MXN": "MX", "NIO": "NI", "PAB": "PA", "PEN": "PE", "PYG": "PY", "UYU": "UY", "VES": "VE",
}  # fmt: skip
"""Currencies of one country. A dollar or a euro says nothing: Ecuador, El Salvador and Panama count in dollars."""
_SITES = {
    "MLA": "AR", "MLB": "BR", "MLM": "MX", "MCO": "CO", "MLC": "CL", "MPE": "PE", "MLU": "UY", "MEC": "EC", "MLV": "VE",
    "MBO": "BO", "MPY": "PY", "MCR": "CR", "MGT": "GT", "MHN": "HN", "MNI": "NI", "MPA": "PA", "MRD": "DO", "MSV": "SV",
}  # fmt: skip
"""Ids of sites that marketplaces of the region use."""
_FORMER = {
    "America/Buenos_Aires": "AR", "America/Cordoba": "AR", "Brazil/East": "BR", "Brazil/West": "BR",
    "Brazil/Acre": "BR", "Brazil/DeNoronha": "BR", "Chile/Continental": "CL", "Chile/EasterIsland": "CL",
    "Mexico/General": "MX", "Mexico/BajaNorte": "MX", "Mexico/BajaSur": "MX", "Cuba": "CU",
}  # fmt: skip
"""Names of zones that the table of today no longer has."""


def country_of(site: Site) -> str | None:
    """The country (ISO 3166, two letters); None where nothing tells it, or where zone, currency and id disagree."""
    known = _zones()
    told = {
        known.get(site.timezone) or _FORMER.get(site.timezone),
        _CURRENCIES.get(site.currency or ""),
        _SITES.get(site.id.upper()) or (site.id.upper() if site.id.upper() in known.values() else None),
    } - {None}
    return told.pop() if len(told) == 1 else None


@cache
def _zones() -> dict[str, str]:
    """The country of each time zone, by the table that belongs to the zones themselves."""
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}

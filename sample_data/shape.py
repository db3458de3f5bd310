"""The shape of the simulated marketplace: who, where, what and when, as weights and lookup lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

LOOKUP = 4096
"""Entries of a lookup list: picking entry ⌊u · 4096⌋ draws from any distribution with one uniform number."""


@dataclass(frozen=True)
class Market:
    """A site: its share of profiles, hours from UTC, price level and regions by weight."""

    id: str
    name: str
    timezone: str
    currency: str
    share: float
    utc_offset: int
    price_level: float
    states: tuple[str, ...]


MARKETS = (
    Market(
        "MLB", "Brasil", "America/Sao_Paulo", "BRL", 0.34, -3, 5.0, ("SP", "RJ", "MG", "BA", "RS", "PR", "PE", "CE")
    ),
    Market("MLM", "México", "America/Mexico_City", "MXN", 0.22, -6, 18.0, ("CMX", "MEX", "JAL", "NLE", "PUE", "VER")),
    Market("MLA", "Argentina", "America/Argentina/Buenos_Aires", "ARS", 0.16, -3, 1000.0, ("B", "C", "X", "S", "M")),
    Market("MCO", "Colombia", "America/Bogota", "COP", 0.09, -5, 4000.0, ("DC", "ANT", "VAC", "ATL", "CUN")),
    Market("MLC", "Chile", "America/Santiago", "CLP", 0.07, -4, 900.0, ("RM", "VS", "BI", "MA")),
    Market("MPE", "Perú", "America/Lima", "PEN", 0.05, -5, 3.7, ("LIM", "ARE", "LAL", "CUS")),
    Market("MLU", "Uruguay", "America/Montevideo", "UYU", 0.02, -3, 40.0, ("MO", "CA", "MA")),
    Market("MEC", "Ecuador", "America/Guayaquil", "USD", 0.03, -5, 1.0, ("G", "P", "A")),
    Market("MLV", "Venezuela", "America/Caracas", "USD", 0.02, -4, 1.0, ("DC", "ZU", "CA")),
)

CATEGORIES = (
    "phones", "fashion", "computers", "home", "beauty", "sports", "toys", "appliances", "car_parts", "tv", "games",
    "books", "baby", "pets", "tools", "furniture", "food", "health", "music", "cameras", "watches", "garden", "office",
    "party", "art", "bikes", "camping", "jewellery", "shoes", "bags", "lighting", "kitchen", "bedding", "stationery",
    "drones", "printers", "networking", "tablets", "audio", "wearables", "motorbikes", "tyres", "industry", "tickets",
    "services", "collectibles", "instruments", "films", "software", "antiques",
)  # fmt: skip
"""Fifty categories, the most visited first."""

AD_CHANNELS = {"search": 0.10, "social": 0.05, "video": 0.03, "display": 0.01}
"""The planted truth of attribution: how much likelier a purchase within five days each click makes."""

FIRST_NAMES = (
    "ana",
    "josé",
    "maria",
    "juan",
    "luiza",
    "carlos",
    "sofía",
    "joão",
    "valentina",
    "miguel",
    "camila",
    "pedro",
)
SURNAMES = ("silva", "gonzález", "rodríguez", "souza", "pérez", "oliveira", "muñoz", "fernández", "costa", "rojas")
MAIL_HOSTS = ("gmail.com", "hotmail.com", "yahoo.com.br", "outlook.com", "uol.com.br", "live.com.mx")


def zipf_lookup(count: int, exponent: float = 1.05) -> list[int]:
    """Indexes 0 … count−1, each as often as Zipf's law says."""
    weights = [1 / (rank + 1) ** exponent for rank in range(count)]
    return weighted_lookup(weights)


def weighted_lookup(weights: list[float]) -> list[int]:
    """A lookup list in which index i fills a share of weights[i]."""
    total, filled = sum(weights), 0.0
    result: list[int] = []
    for index, weight in enumerate(weights):
        filled += weight / total * LOOKUP
        result += [index] * (round(filled) - len(result))
    return (result + [len(weights) - 1] * LOOKUP)[:LOOKUP]


def day_lookup(until: date, days: int) -> list[int]:
    """Days before ``until``: busier lately, on Sundays and Mondays, in November, December and May."""
    weights = []
    for ago in range(1, days + 1):
        day = until - timedelta(days=ago)
        weekly = (1.12, 1.0, 0.97, 0.96, 0.94, 0.95, 1.15)[day.weekday()]
        yearly = {11: 1.5, 12: 1.3, 5: 1.15, 1: 0.9, 2: 0.9}.get(day.month, 1.0)
        weights.append(weekly * yearly * (1.6 - ago / days))
    return [index + 1 for index in weighted_lookup(weights)]


def minute_lookup() -> list[int]:
    """Local minutes of the day in steps of five: quiet nights, a lunch peak, long evenings."""
    hourly = (2, 1, 0.6, 0.4, 0.4, 0.6, 1.2, 2.2, 3.2, 4, 4.6, 5, 5.6, 5.2, 4.8, 4.8, 5, 5.4, 6, 7, 8.4, 9, 7.4, 4.4)
    weights = [float(hourly[minute // 60]) for minute in range(0, 1440, 5)]
    return [5 * index for index in weighted_lookup(weights)]

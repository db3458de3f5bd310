"""The twenty audiences: one rule each, named in English, Spanish and Portuguese."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LANGUAGES = ("en", "es", "pt_BR")
_PHONES = [{"property": "category", "eq": "phones"}]
_NEVER = {"eq": 0}


@dataclass(frozen=True)
class Ready:
    """An audience in the three languages."""

    id: str
    names: tuple[str, str, str]
    rule: dict[str, Any]
    tags: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def document(self, language: str) -> dict[str, Any]:
        """As a document in one language."""
        head = {"kind": "audience", "id": self.id, "name": self.names[LANGUAGES.index(language)]}
        return head | {"tags": list(self.tags), "sites": "*", "rule": self.rule} | self.more


CATALOGUE = (
    Ready(
        "lapsed-buyers",
        ("Lapsed buyers", "Compradores inactivos", "Compradores inativos"),
        {"all": [{"did": "purchase"}, {"did": "purchase", "within": "90d", "times": _NEVER}]},
        ("win-back",),
    ),
    Ready(
        "cart-abandoners",
        ("Cart abandoners, 7 days", "Carrito abandonado, 7 días", "Carrinho abandonado, 7 dias"),
        {"all": [{"did": "cart", "within": "7d"}, {"did": "purchase", "within": "7d", "times": _NEVER}]},
        ("win-back",),
    ),
    Ready(
        "high-value-no-app",
        ("High value, without the app", "Alto valor, sin la app", "Alto valor, sem o app"),
        {
            "all": [
                {"trait": "uses_app", "eq": False},
                {"did": "purchase", "times": {"gte": 3}, "within": "365d"},
            ]
        },
        ("growth",),
    ),
    Ready(
        "first-purchase-30d",
        (
            "First purchase in the last 30 days",
            "Primera compra en los últimos 30 días",
            "Primeira compra nos últimos 30 dias",
        ),
        {
            "all": [
                {"did": "purchase", "within": "30d"},
                {"did": "purchase", "within": {"ago": ["10y", "30d"]}, "times": _NEVER},
            ]
        },
        ("onboarding",),
    ),
    Ready(
        "viewed-phones-never-bought",
        (
            "Viewed phones, never bought one",
            "Vieron celulares, nunca compraron uno",
            "Viram celulares, nunca compraram um",
        ),
        {
            "all": [
                {"did": "view", "where": _PHONES, "times": {"gte": 3}, "within": "60d"},
                {"not": {"did": "purchase", "where": _PHONES}},
            ]
        },
        ("phones",),
    ),
    Ready(
        "phone-buyers-sp-rj",
        (
            "Phone buyers, São Paulo and Rio",
            "Compradores de celulares, São Paulo y Río",
            "Compradores de celulares, SP e RJ",
        ),
        {"all": [{"trait": "state", "in": ["SP", "RJ"]}, {"did": "purchase", "where": _PHONES, "within": "365d"}]},
        ("phones",),
        {"sites": ["MLB"]},
    ),
    Ready(
        "view-then-buy-7d",
        ("Bought within a week of viewing", "Compraron en la semana de ver", "Compraram em até uma semana após ver"),
        {
            "sequence": [
                {"did": "view", "as": "v"},
                {"did": "purchase", "gap": {"lte": "7d"}, "same": {"category": "v.category"}},
            ],
            "within": "90d",
        },
        ("intent",),
    ),
    Ready(
        "cart-then-silence",
        (
            "Added to cart, then no visit",
            "Agregaron al carrito y no volvieron",
            "Adicionaram ao carrinho e não voltaram",
        ),
        {
            "all": [
                {"did": "cart", "within": {"ago": ["30d", "7d"]}},
                {"did": "session", "within": "7d", "times": _NEVER},
            ]
        },
        ("win-back",),
    ),
    Ready(
        "frequent-buyers",
        ("Four purchases or more in a year", "Cuatro compras o más en un año", "Quatro compras ou mais em um ano"),
        {"did": "purchase", "times": {"gte": 4}, "within": "365d"},
        ("loyalty",),
    ),
    Ready(
        "loyal-gold",
        ("Gold and platinum members", "Clientes oro y platino", "Clientes ouro e platina"),
        {"trait": "loyalty_level", "gte": 5},
        ("loyalty",),
    ),
    Ready(
        "birthday-next-week",
        (
            "Birthday in the next seven days",
            "Cumplen años en los próximos siete días",
            "Fazem aniversário nos próximos sete dias",
        ),
        {"trait": "birth_date", "anniversary_within_next": "7d"},
        ("crm",),
    ),
    Ready(
        "new-members-30d",
        ("Registered in the last 30 days", "Registrados en los últimos 30 días", "Cadastrados nos últimos 30 dias"),
        {"trait": "registered_at", "within_last": "30d"},
        ("onboarding",),
    ),
    Ready(
        "young-gamers",
        ("Gamers aged 18 to 29", "Gamers de 18 a 29 años", "Gamers de 18 a 29 anos"),
        {
            "all": [
                {"trait": "age", "between": [18, 29]},
                {
                    "any": [
                        {"did": "view", "where": [{"property": "category", "eq": "games"}], "times": {"gte": 2}},
                        {"did": "purchase", "where": [{"property": "category", "eq": "games"}]},
                    ]
                },
            ]
        },
        ("interest",),
    ),
    Ready(
        "ad-clickers-not-buyers",
        (
            "Clicked an ad, did not buy",
            "Hicieron clic en un anuncio y no compraron",
            "Clicaram em um anúncio e não compraram",
        ),
        {"all": [{"did": "ad_click", "within": "30d"}, {"not": {"did": "purchase", "within": "30d"}}]},
        ("ads",),
    ),
    Ready(
        "email-openers",
        ("Engaged with e-mail", "Interactúan con el correo", "Interagem com e-mail"),
        {"any": [{"did": "email_open", "times": {"gte": 2}, "within": "90d"}, {"did": "email_click", "within": "90d"}]},
        ("crm",),
    ),
    Ready(
        "refunded-recently",
        ("Refunded in the last 60 days", "Reembolsados en los últimos 60 días", "Reembolsados nos últimos 60 dias"),
        {"did": "refund", "within": "60d"},
        ("care",),
    ),
    Ready(
        "credit-card-holders",
        ("High credit limit", "Límite de crédito alto", "Limite de crédito alto"),
        {
            "has": "card",
            "where": [{"property": "kind", "eq": "credit"}],
            "measure": {"max": "credit_limit"},
            "gte": 4000,
        },
        ("credits",),
    ),
    Ready(
        "browsed-last-month",
        (
            "Visited on five days of last month",
            "Visitaron cinco días el mes pasado",
            "Visitaram em cinco dias do mês passado",
        ),
        {"did": "session", "measure": {"days": True}, "gte": 5, "within": {"calendar": "month", "last": 1}},
        ("engagement",),
    ),
    Ready(
        "sellers-who-buy",
        ("Sellers who also buy", "Vendedores que también compran", "Vendedores que também compram"),
        {"all": [{"trait": "seller_rating", "is_set": True}, {"did": "purchase", "within": "180d"}]},
        ("sellers",),
    ),
    Ready(
        "best-prospects",
        (
            "Best prospects: engaged, not lapsed",
            "Mejores prospectos: activos, no inactivos",
            "Melhores prospects: ativos, não inativos",
        ),
        {
            "all": [
                {"did": "view", "times": {"gte": 5}, "within": "30d"},
                {"not": {"audience": "lapsed-buyers"}},
                {"not": {"audience": "refunded-recently"}},
            ]
        },
        ("growth",),
        {"top": {"n": 1000, "by": {"trait": "loyalty_level"}}},
    ),
)

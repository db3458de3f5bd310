"""Audiences to begin with, for whatever the data model has: chosen by the meaning of names in three languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.widgets.searching import plain
from engine.domain.durations import Duration
from engine.domain.model import DataModel
from engine.domain.operators import Compare, Relative
from engine.domain.rule import All, Did, Measure, Node, Not, Sequence, Step, TraitIs, Without
from engine.domain.windows import Last

_BUY = ("purchase", "order", "compra", "pedido", "sale", "venta", "venda", "checkout")
_VIEW = ("view", "vista", "visita", "visualiz", "page", "session", "sesion", "sessao")
_CART = ("cart", "carrito", "carrinho", "basket")
_MAIL = ("email_open", "open", "abert", "abri")


@dataclass(frozen=True)
class Template:
    """A rule to begin with; its name is a text of the app."""

    key: str
    rule: Node


def templates(model: DataModel) -> list[Template]:
    """What suits a model."""
    return list(_made(model))


def _named(names: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    """The first name that holds one of the words, words first."""
    listed = list(names)
    return next((name for word in wanted for name in listed if word in plain(name)), None)


def _made(model: DataModel) -> Iterator[Template]:
    buy, view = _named(model.events, _BUY), _named(model.events, _VIEW)
    cart, mail = _named(model.events, _CART), _named(model.events, _MAIL)
    joined = next((n for n, f in model.profile.traits.items() if f.type.is_temporal and "birth" not in n), None)
    if buy is not None:
        year, quarter = Last(Duration(1, "y")), Last(Duration(90, "d"))
        lapsed = All((Did(buy, window=year), Not(Did(buy, window=quarter))))
        yield Template("template.lapsed", lapsed)
        yield Template(
            "template.frequent", All((Did(buy, window=quarter, measure=Measure("times", Compare("gte", 3))),))
        )
    if buy is not None and view is not None and view != buy:
        month = Last(Duration(30, "d"))
        yield Template("template.browsers", All((Did(view, window=month), Not(Did(buy, window=month)))))
    if buy is not None and cart is not None and cart != buy:
        left = Sequence((Step(cart), Step(cart, without=Without(buy))), window=Last(Duration(7, "d")))
        yield Template(
            "template.cart",
            All((Did(cart, window=Last(Duration(7, "d"))), Not(Did(buy, window=Last(Duration(7, "d")))))),
        )
        yield Template("template.cart_twice", All((left,)))
    if joined is not None:
        yield Template("template.new", All((TraitIs(joined, Relative("within_last", Duration(30, "d"))),)))
    if mail is not None:
        yield Template("template.mail", All((Did(mail, window=Last(Duration(30, "d"))),)))

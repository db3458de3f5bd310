"""Words of table and column names in English, Spanish and Portuguese."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def listed(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


PERSON = listed(
    """
    user customer profile person people client clients member contact lead subscriber visitor guest buyer shopper
    patient student cookieless usuario cliente pessoa persona socio afiliado contato contacto assinante suscriptor
    membro miembro aluno alumno paciente hospede huesped consumidor comprador matricula visitante interesado
    interessado prospect prospecto titular ciudadano cidadao participante
    """
)
"""Words for a person that a business knows."""
_KEYS = listed(
    """
    id ids key code codigo cod cd nro num numero number no uid uuid guid sk pk chave clave llave
    """
)
_ALONE = listed(
    """
    matricula codigo code id key uid uuid guid
    """
)
"""Words that name a key without another word beside them."""
THINGS = listed(
    """
    order pedido compra purchase sale venta venda product produto producto item sku seller vendedor vendedora store
    loja tienda shop branch filial sucursal session sesion sessao event evento category categoria invoice factura
    fatura nota payment pago pagamento ticket transaction transaccion transacao city cidade ciudad state estado
    provincia region regiao country pais campaign campana campanha brand marca company empresa file arquivo archivo
    channel canal department departamento plan plano host server agent employee funcionario empleado review supplier
    fornecedor proveedor warehouse page pagina course curso event_type status segment segmento
    """
)
"""Words for what is no person a business sends messages to."""
_COMPOUND = tuple(sorted({*PERSON, *THINGS, "account", "cuenta", "conta"} - {"no", "plan"}, key=len, reverse=True))


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Lower case without accents.

    >>> plain("Código")
    'codigo'
    """
    parts = unicodedata.normalize("NFD", text)
    return "".join(one for one in parts if not unicodedata.combining(one)).lower()


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[str, ...]:
    """The words of a name, whatever joins them.

    >>> words("CustomerID"), words("id_cliente"), words("dtCriação2"), words("userid")
    (('customer', 'id'), ('id', 'cliente'), ('dt', 'criacao', '2'), ('user', 'id'))
    """
    parted = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    parts = re.findall(r"[a-z]+|\d+", plain(parted))
    return tuple(piece for part in parts for piece in _pieces(part))


def _pieces(part: str) -> tuple[str, ...]:
    """`customerid` and `idcliente` in two."""
    for known in _COMPOUND:
        for key in ("id", "key", "code", "uuid"):
            if part in (known + key, key + known):
                return (known, key) if part.startswith(known) else (key, known)
    return (part,)


def singular(text: str) -> str:
    """One of what a table's name says, in English, Spanish or Portuguese.

    >>> [singular(one) for one in ("cards", "categories", "cartoes", "animais", "clientes", "ordenes", "address")]
    ['card', 'category', 'cartao', 'animal', 'cliente', 'orden', 'address']
    """
    base = text.rsplit(".", 1)[-1]
    *head, last = re.split(r"(?<=[_\W])", base)
    return "".join(head) + _one_of(last)


_ENDINGS = (
    (r"(?<=[a-z]{2})(ões|oes|ãos|ães|aes)$", {"ões": "ão", "oes": "ao", "ãos": "ão", "ães": "ão", "aes": "ao"}),
    (r"(?<=[a-z]{2})ciones$", {"ciones": "cion"}),
    (r"(?<=[a-z]{2})ies$", {"ies": "y"}),
    (r"(?<=[a-z]{2})(ais|eis|ois)$", {"ais": "al", "eis": "el", "ois": "ol"}),
    (r"(?<=[a-z])(ss|sh|ch|x)es$", {"sses": "ss", "shes": "sh", "ches": "ch", "xes": "x"}),
    (r"gens$", {"gens": "gem"}),
    (r"(?<=[oe])nes$", {"nes": "n"}),
    (r"(?<=[aeio])res$", {"res": "r"}),
    (r"(?<=[ae])les$", {"les": "l"}),
)
_KEPT_E = listed(
    """
    phones zones stones drones clones stores scores cores shares fares wares spares prices sales scales males
    females tales roles genres hores totes cares clientes telefones
    """
)
"""Words that lose the s alone."""


def _one_of(last: str) -> str:
    lowered = plain(last)
    kept = ("status", "campus", "series", "news", "pais", "dados", "datos")
    if not lowered.endswith("s") or lowered.endswith("ss") or len(lowered) < 3 or lowered in kept:
        return last
    if lowered in _KEPT_E:
        return last[:-1]
    if lowered.endswith("ades"):  # unidades, cidades, ciudades: Portuguese keeps the e, Spanish does not
        return last[:-2] if lowered.startswith(("ciud", "unidad", "activid", "univers", "propied")) else last[:-1]
    for pattern, forms in _ENDINGS:
        found = re.search(pattern, last, re.IGNORECASE)
        if found is None:
            continue
        form = forms.get(found.group(0).lower())
        if form is not None:
            return last[: found.start()] + form
    return last[:-1]


def is_key_name(column: str) -> bool:
    """Whether a column's name says that it holds a key.

    >>> [is_key_name(one) for one in ("user_id", "cd_cliente", "matricula", "codigo", "paid", "quantity", "zip_code")]
    [True, True, True, True, False, False, False]
    """
    found = words(column)
    if not found or {"zip", "postal", "country", "cep", "area", "currency", "category", "of", "pais"} & set(found):
        return False
    if "de" in found and not set(found) & PERSON:
        return False
    if len(found) == 1:
        return found[0] in _ALONE or found[0] in ("user", "customer")
    keys = [one for one in found if one in _KEYS]
    return (bool(keys) and (found[-1] in _KEYS or found[0] in _KEYS)) or "matricula" in found


def entity(column: str) -> str | None:
    """What a key is the key of: `cliente` of `id_cliente`, nothing of `id`.

    >>> entity("id_cliente"), entity("customer_unique_id"), entity("id")
    ('cliente', 'customer unique', None)
    """
    rest = [_one_of(one) for one in words(column) if one not in _KEYS]
    return " ".join(rest) or None


def is_person(text: str) -> bool:
    """Whether a name speaks of persons, and of nothing else.

    >>> [is_person(one) for one in ("customers", "id_cliente", "user_session", "tb_clientes", "sellers", "cd_cliente")]
    [True, True, False, True, False, True]
    """
    found = {_one_of(one) for one in words(text)} | set(words(text))
    return bool(found & PERSON) and not found & THINGS

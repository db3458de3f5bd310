"""Values that stand for no value: what forms, programs and people write where nothing is known.

Whoever took ``null@null.com`` or ``[object Object]`` for an identifier would make one person of strangers. The list
holds what trackers and products that make persons of events leave out, in English, Spanish and Portuguese.
"""

from __future__ import annotations

import re

_WORDS_LISTED = """
null none nil nan undefined unknown anonymous anon anonymo anonimo anônimo anônima anonima anónimo anónima
desconocido desconocida desconhecido desconhecida guest invitado invitada convidado convidada visitor visitante true
false verdadeiro falso verdadero empty blank void vazio vacio vacío missing default unset test teste testing tester
prueba pruebas n/a na n/d nd n.a. n.d. s/d s/n s/i s/c -1 -99 -999 \\n #n/a #n/d #ref! #valor! #value! #name? #nome?
#¿nombre? #null! (null) <null> [null] {} [] '' "" (none) (empty) (blank) (vazio) (vacío) <na> <nil> inf -inf
infinity notapplicable notavailable notprovided notset notspecified noaplica nodisponible noinformado notiene
noposee nãoinformado naoinformado nãotem naotem nãopossui naopossui nãoseaplica naoseaplica nãodisponível
naodisponivel ninguno ninguna nenhum nenhuma semcpf semcnpj semdocumento semtelefone sememail semcelular sinrut
sinrfc sincurp sindni sindocumento sintelefono sinteléfono sinemail sincorreo sincelular sinnumero sinnúmero noemail
nomail nophone distinctid distinct_id notauthenticated not_authenticated [objectobject] objectobject functionobject
"""
_WORDS = frozenset(_WORDS_LISTED.split())
_NOTHING = re.compile(r"[0\-_. /()+*?#]*")
_NAMES_LISTED = """
no none null nil nan na n undefined unknown anon anonymous anonimo anônimo anónimo guest nobody noone test teste
testing prueba asdf qwerty abc xxx sin nao não naotem nãotem notiene nomail noemail semmail sememail sinmail
sinemail sincorreo semcorreio naopossui nãopossui notengo noposee noreply no-reply no_reply donotreply naoresponda
email e-mail mail correo correio example exemplo ejemplo user usuario usuário cliente true false
"""
_NAMES = frozenset(_NAMES_LISTED.split())
_OWN_LISTED = "n abc user usuario usuário cliente mail example exemplo ejemplo qwerty true false"
_OWN = frozenset(_OWN_LISTED.split())
"""Names that name nobody only at a domain of this kind, too: maria may write as cliente@empresa.com."""
_LABELS_LISTED = "domain dominio domínio aaa nowhere nada nenhum ninguno"
_LABELS = _NAMES | frozenset(_LABELS_LISTED.split())
_DOMAINS = frozenset(
    f"{name}.{end}" for name in ("example", "test", "teste") for end in ("com", "org", "net", "com.br")
)
_RESERVED = (".test", ".invalid", ".localhost", ".example")
_MEANT_LISTED = "null undefined none nan nomail noemail sememail sinemail sincorreo"
_MEANT = frozenset(_MEANT_LISTED.split())
_SAME = 7


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no value, whatever kind of identifier it was to be."""
    if text.isdigit() and not text.startswith("0"):
        return False
    lower = text.lower()
    return lower in _WORDS or _NOTHING.fullmatch(lower) is not None or "".join(lower.split()) in _WORDS


def is_placeholder_email(address: str) -> bool:
    """Whether an address (in lower case) is nobody's: noreply@…, …@example.com, null@null.com, xxx@xxx.com."""
    local, _, domain = address.rpartition("@")
    if domain in _DOMAINS or domain.endswith(_RESERVED):
        return True
    label = domain.partition(".")[0]
    if local in _NAMES:
        return local not in _OWN or label == local or label in _LABELS
    if label in _MEANT or _NOTHING.fullmatch(local):
        return True
    return len(local) > 2 and len(set(local)) == 1 and label in (local, *_LABELS)


def is_placeholder_phone(number: str) -> bool:
    """Whether a number (E.164) is what people type to get on: its last seven digits are one, as in 99999-9999."""
    return len(set(number[-_SAME:])) == 1

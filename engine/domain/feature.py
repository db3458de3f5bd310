"""Features: what models learn from, one number a profile, as of a moment; each can say itself as a condition of a rule.

Nothing is counted that happened at or after the moment.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

FeatureKind = Literal["number", "flag", "age", "value", "times", "recency", "active", "sum"]
"""A trait's number, truth, days since its date, or whether it is a value; of an event how often (with a value), days
since the last one, on how many of the last days counted back by 24 hours, and the sum of a property."""
ACTIVE_DAYS = 90
YEAR = 365
_SENSITIVE = (
    "race", "racial", "raza", "raca", "raça", "ethnic", "ethnicity", "etnia", "religion", "religiao", "religião",
    "creed", "faith", "politics", "political", "politica", "política", "party", "partido", "ideology", "union",
    "sindicato", "health", "salud", "saude", "saúde", "disease", "illness", "enfermedad", "doenca", "doença",
    "diagnosis", "medical", "disability", "discapacidad", "deficiencia", "deficiência", "pregnant", "pregnancy",
    "embarazo", "gravidez", "genetic", "biometric", "sexual", "orientation", "sex", "sexo", "gender", "genero",
    "género", "gênero", "criminal", "nationality", "nacionalidad", "nacionalidade", "immigration",
)  # fmt: skip
_PROXIES = (
    "zip", "zipcode", "postal", "postcode", "cep", "neighbourhood", "neighborhood", "barrio", "bairro", "surname",
    "lastname", "apellido", "sobrenome", "firstname", "nombre", "nome", "birthplace",
)  # fmt: skip


@dataclass(frozen=True)
class Feature:
    """A column of the features. ``source`` is the trait or the event, ``of`` a property of it; ``money`` says that
    amounts are in units of their site's mean, since sites have currencies; ``log`` that a linear model takes the
    logarithm of one more."""

    kind: FeatureKind
    source: str
    of: str | None = None
    value: str | None = None
    days: int | None = None
    money: bool = False
    log: bool = False

    @property
    def name(self) -> str:
        """A name for people and files, such as `purchase.sum(amount).90d` or `state=SP`."""
        if self.kind in ("number", "flag", "age"):
            return self.source if self.kind != "age" else f"{self.source}.days"
        if self.kind == "value":
            return f"{self.source}={self.value}"
        if self.kind == "recency":
            return f"{self.source}.recency"
        if self.kind == "active":
            return f"{self.source}.active_days.{self.days}d"
        if self.kind == "sum":
            return f"{self.source}.sum({self.of}).{self.days}d"
        what = "" if self.of is None else f"[{self.of}={self.value}]"
        return f"{self.source}{what}.times.{self.days}d"

    @property
    def is_event(self) -> bool:
        """Whether it is computed of an event."""
        return self.kind in ("times", "recency", "active", "sum")

    @property
    def zero(self) -> bool:
        """Whether it is 0 for who has no event, rather than missing."""
        return self.kind in ("times", "active", "sum")

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a model."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Feature:
        """The feature that was kept."""
        return cls(**found)

    def condition(self, operator: Literal["gte", "lt"], threshold: float) -> dict[str, Any] | None:
        """The condition of a rule that this being so is; None where no rule can say it exactly."""
        if self.money or self.kind == "active":
            return None
        if self.kind in ("number", "flag", "age", "value"):
            return self._of_trait(operator, threshold)
        did: dict[str, Any] = {"did": self.source}
        if self.of is not None and self.value is not None:
            did["where"] = [{"property": self.of, "eq": self.value}]
        if self.kind == "recency":
            days = max(1, -int(-threshold // 1))
            recent = did | {"within": f"{days}d"}
            return recent if operator == "lt" else {"not": recent}
        did["within"] = f"{self.days}d"
        if self.kind == "times":
            return did | {"times": {operator: max(0, -int(-threshold // 1))}}
        return did | {"measure": {"sum": self.of}, operator: _short(threshold)}

    def _of_trait(self, operator: str, threshold: float) -> dict[str, Any]:
        if self.kind == "number":
            return {"trait": self.source, operator: _short(threshold)}
        if self.kind == "age":
            days = max(1, -int(-threshold // 1))
            return {"trait": self.source, ("more_than_ago" if operator == "gte" else "within_last"): f"{days}d"}
        value: Any = True if self.kind == "flag" else self.value
        same = {"trait": self.source, "eq": value}
        return same if operator == "gte" else {"not": same}


def _short(number: float) -> int | float:
    """A threshold with four figures: enough to divide people, few enough to read."""
    found = float(f"{number:.4g}")
    return int(found) if found.is_integer() else found


@dataclass(frozen=True)
class Excluded:
    """What models do not learn from, and why: sensitive, proxy, personal, values (too many of them), constant, missing,
    seed (the rule of the seed looks at it), leaks (it tells who is in the seed), or document."""

    name: str
    why: str


def sensitive(name: str, further: tuple[str, ...] = ()) -> str | None:
    """Why a trait or property of this name is nothing to learn from: `sensitive` or `proxy`, by the words in its name;
    None when it is not on the list. ``further`` are words of the workspace's own."""
    words = set(re.split(r"[^\w]+|_", name.lower()))
    joined = "".join(re.split(r"[^\w]+|_", name.lower()))
    if words & {*_SENSITIVE, *(one.lower() for one in further)} or name.lower() in further:
        return "sensitive"
    return "proxy" if words & {*_PROXIES} or joined in _PROXIES else None

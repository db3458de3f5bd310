"""What people write in place of a word of the rules, out of habit from other tools and languages, and its right form.

A misspelt word is compared with the known ones by its letters; these are other words, of which the nearest by letters
would often be the wrong one (`and` is near `any`).
"""

from __future__ import annotations

from collections.abc import Mapping

_GROUPS = {
    **dict.fromkeys(("and", "&&", "&", "y", "e", "und", "et", "every", "must", "filter", "todos", "todas"), "all"),
    **dict.fromkeys(("or", "||", "|", "o", "ou", "oder", "some", "should", "cualquiera", "qualquer"), "any"),
    **dict.fromkeys(("none", "nor", "no", "nao", "não", "!", "except", "exclude", "must_not", "nicht"), "not"),
}
_ALL_ANY = "Write all for and, any for or."
_LEFT: Mapping[str, str] = {
    "did_not": "Write not: {did: …}.",
    "didnt": "Write not: {did: …}.",
    "didn't": "Write not: {did: …}.",
    "not_did": "Write not: {did: …}.",
    "never": "Write not: {did: …}, or times: {eq: 0}.",
    "has_not": "Write not: {has: …}.",
    "hasnt": "Write not: {has: …}.",
    "not_has": "Write not: {has: …}.",
    "no_hizo": "Write not: {did: …}.",
    "nao_fez": "Write not: {did: …}.",
    "not_in_list": "Write not: {list: …}.",
    "not_list": "Write not: {list: …}.",
    "not_audience": "Write not: {audience: …}.",
    "not_in_audience": "Write not: {audience: …}.",
    "event": "Write did: EVENT.",
    "evento": "Write did: EVENT.",
    "action": "Write did: EVENT.",
    "performed": "Write did: EVENT.",
    "done": "Write did: EVENT.",
    "hizo": "Write did: EVENT.",
    "fez": "Write did: EVENT.",
    "object": "Write has: OBJECT.",
    "have": "Write has: OBJECT.",
    "tiene": "Write has: OBJECT.",
    "tem": "Write has: OBJECT.",
    "attribute": "Write trait: TRAIT.",
    "field": "Write trait: TRAIT; of an event, where: [{property: …}].",
    "column": "Write trait: TRAIT; of an event, where: [{property: …}].",
    "rasgo": "Write trait: TRAIT.",
    "atributo": "Write trait: TRAIT.",
    "property": "Of a profile write trait; of an event, where: [{property: …}].",
    "segment": "Write audience: ID.",
    "cohort": "Write audience: ID.",
    "audiencia": "Write audience: ID.",
    "audiência": "Write audience: ID.",
    "lista": "Write list: ID.",
    "steps": "Write sequence: [{did: …}, …].",
    "funnel": "Write sequence: [{did: …}, …].",
    "random": "Write sample: {percent: 10, seed: x}.",
}
_OPERATORS: Mapping[str, str] = {
    **dict.fromkeys(("=", "==", "===", "is", "equals", "equal", "equal_to", "value", "igual", "es", "é"), "eq"),
    **dict.fromkeys(("!=", "<>", "≠", "ne", "is_not", "not_equals", "not_equal", "not_eq", "diferente"), "neq"),
    **dict.fromkeys((">", "after", "greater", "greater_than", "more_than", "above", "mayor", "maior"), "gt"),
    **dict.fromkeys((">=", "=>", "≥", "ge", "at_least", "min", "since", "from", "desde"), "gte"),
    **dict.fromkeys(("<", "before", "less", "less_than", "below", "under", "antes", "menor"), "lt"),
    **dict.fromkeys(("<=", "=<", "≤", "le", "at_most", "max", "until", "to", "hasta", "até", "ate"), "lte"),
    **dict.fromkeys(("one_of", "any_of", "is_in", "isin", "values", "en", "em", "any", "or"), "in"),
    **dict.fromkeys(("nin", "notin", "not in", "none_of", "is_not_in"), "not_in"),
    **dict.fromkeys(("range", "entre"), "between"),
    **dict.fromkeys(("regex", "regexp", "rlike", "match", "pattern", "~", "=~"), "matches"),
    **dict.fromkeys(("like", "ilike", "includes", "substring", "contiene", "contem", "contém"), "contains"),
    **dict.fromkeys(("startswith", "begins_with", "prefix"), "starts_with"),
    **dict.fromkeys(("endswith", "suffix"), "ends_with"),
    **dict.fromkeys(("last", "in_last", "in_the_last", "past"), "within_last"),
    **dict.fromkeys(("next", "in_next", "in_the_next"), "within_next"),
    **dict.fromkeys(("older_than", "ago"), "more_than_ago"),
    **dict.fromkeys(("birthday", "anniversary"), "anniversary_within_next"),
    **dict.fromkeys(("case_insensitive", "ignorecase", "nocase"), "ignore_case"),
}
_SAID: Mapping[str, str] = {
    "not": "Put the condition into not: {…}, or write neq, not_in or not_contains.",
    "exists": "Write is_set: true.",
    "not_exists": "Write is_set: false.",
    "existe": "Write is_set: true.",
    "is_null": "Write is_set: false.",
    "isnull": "Write is_set: false.",
    "null": "Write is_set: false.",
    "missing": "Write is_set: false.",
    "is_missing": "Write is_set: false.",
    "empty": 'Write is_set: false; for an empty text, eq: "".',
    "is_empty": 'Write is_set: false; for an empty text, eq: "".',
    "is_not_null": "Write is_set: true.",
    "not_null": "Write is_set: true.",
    "is_true": "Write eq: true.",
    "is_false": "Write eq: false.",
    "not_like": "Write not_contains: TEXT.",
    "op": "Write the operator as the key, such as eq: VALUE.",
    "operator": "Write the operator as the key, such as eq: VALUE.",
}
_EVENT: Mapping[str, str] = {
    **dict.fromkeys(("filter", "filters", "with", "properties", "conditions", "donde", "onde"), "where"),
    **dict.fromkeys(("window", "period", "timeframe", "during", "time", "dentro", "en_los_ultimos"), "within"),
    **dict.fromkeys(("in", "last", "within_last", "in_last", "since", "past", "ago"), "within"),
    **dict.fromkeys(("frequency", "repeat", "veces", "vezes", "n", "occurrences"), "times"),
}
_COUNTS: Mapping[str, str] = {
    "count": "Write times: {gte: 2}.",
    "min_count": "Write times: {gte: 2}.",
    "at_least": "Write times: {gte: 2}.",
    "at_most": "Write times: {lte: 2}.",
    "sum": "Write measure: {sum: PROPERTY} and an operator beside it, such as gte: 1000.",
    "avg": "Write measure: {avg: PROPERTY} and an operator beside it, such as gte: 1000.",
    "total": "Write measure: {sum: PROPERTY} and an operator beside it, such as gte: 1000.",
    "distinct": "Write measure: {distinct: PROPERTY} and an operator beside it, such as gte: 2.",
    "days": "Write measure: {days: true} and an operator beside it, such as gte: 2.",
    "before": "Write within: {to: 2026-01-31}.",
    "after": "Write within: {from: 2026-01-31}.",
    "from": "Write within: {from: 2026-01-31}.",
    "to": "Write within: {to: 2026-01-31}.",
    "between": "Write within: {from: 2026-01-01, to: 2026-02-01}.",
    "calendar": "Write within: {calendar: month, last: 1}.",
    "and": "Write where: [{property: …}, …].",
    "property": "Write where: [{property: …}].",
}
_MEASURES: Mapping[str, str] = {
    **dict.fromkeys(("mean", "average", "media", "média", "promedio"), "avg"),
    **dict.fromkeys(("total", "suma", "soma"), "sum"),
    **dict.fromkeys(("minimum", "least"), "min"),
    **dict.fromkeys(("maximum", "most"), "max"),
    **dict.fromkeys(("unique", "count_distinct", "nunique", "distinct_count"), "distinct"),
    **dict.fromkeys(("earliest",), "first"),
    **dict.fromkeys(("latest", "newest"), "last"),
    **dict.fromkeys(("active_days", "distinct_days"), "days"),
}
_COUNTED: Mapping[str, str] = dict.fromkeys(
    ("count", "times", "number", "n", "frequency"), "To count, write times: {gte: 2} in place of measure."
)
_WINDOWS: Mapping[str, str] = {
    **dict.fromkeys(("since", "after", "start", "gte", "gt", ">", ">=", "desde", "de"), "from"),
    **dict.fromkeys(("until", "before", "end", "lt", "lte", "<", "<=", "hasta", "até", "ate", "a"), "to"),
    **dict.fromkeys(("unit", "period"), "calendar"),
}
_SPANS: Mapping[str, str] = {
    **dict.fromkeys(("last", "days", "within_last", "past", "in_last", "d"), "Write within: 90d."),
    **dict.fromkeys(("between", "range"), "Write within: {from: 2026-01-01, to: 2026-02-01}."),
    **dict.fromkeys(("this", "current"), "Write within: {calendar: month, current: true}."),
    **dict.fromkeys(("month", "week", "year", "quarter", "day"), "Write within: {calendar: month, last: 1}."),
}


def group_hint(key: str) -> str | None:
    """The right form of a word for a group of conditions; None for a word of no such habit.

    >>> group_hint("AND")
    'Write all for and, any for or.'
    """
    wanted = _GROUPS.get(key.lower())
    if wanted is None:
        return None
    return "Write not: {…}." if wanted == "not" else _ALL_ANY


def condition_hint(key: str) -> str | None:
    """The right form of a word that begins a condition.

    >>> condition_hint("did_not")
    'Write not: {did: …}.'
    """
    return group_hint(key) or _LEFT.get(key.lower())


def property_hint(key: str) -> str | None:
    """The right form of a word that begins a condition on a property."""
    if key.lower() in ("trait", "field", "column", "attribute", "key", "name", "propiedad", "propriedade"):
        return "Write property: PROPERTY."
    return group_hint(key)


def operator_hint(key: str) -> str | None:
    """The right form of an operator.

    >>> operator_hint(">=")
    'Write gte for >=.'
    """
    return _said(key, _SAID, _OPERATORS)


def event_hint(key: str) -> str | None:
    """The right form of a key beside `did` or `has`."""
    return _said(key, _COUNTS, _EVENT) or operator_hint(key)


def measure_hint(key: str) -> str | None:
    """The right form of a measure."""
    return _said(key, _COUNTED, _MEASURES)


def window_hint(key: str) -> str | None:
    """The right form of a key of `within`."""
    return _said(key, _SPANS, _WINDOWS)


def _said(key: str, sentences: Mapping[str, str], words: Mapping[str, str]) -> str | None:
    found = key.lower()
    if found in sentences:
        return sentences[found]
    return f"Write {words[found]} for {key}." if found in words else None

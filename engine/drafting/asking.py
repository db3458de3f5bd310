"""Guesses with their evidence, and the questions that the data leave open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from engine.errors import EngineError, nearest

COUNTRY = "country"
"""The id of the question about the country; the others are KIND:PLACE."""
SURE = 0.9
"""A guess with at least this confidence is not asked about."""


@dataclass(frozen=True)
class Guess:
    """What was taken for what: ``place`` is a table or TABLE.COLUMN, ``taken`` the decision in one word, ``evidence``
    a sentence without a value of the data, ``confidence`` between 0 and 1."""

    place: str
    taken: str
    evidence: str
    confidence: float


@dataclass(frozen=True)
class Option:
    """One answer: its word for ``--answer``, and what it means as a sentence."""

    value: str
    text: str


@dataclass(frozen=True)
class Question:
    """What a person has to decide: the answers, the drafted one first, and the evidence."""

    id: str
    text: str
    evidence: str
    confidence: float
    options: tuple[Option, ...]

    @property
    def drafted(self) -> str:
        """The answer that the draft follows."""
        return self.options[0].value


@dataclass
class Record:
    """The guesses, questions and notes of one draft, and the answers that were given."""

    answers: Mapping[str, str] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def guess(self, place: str, taken: str, evidence: str, confidence: float) -> None:
        """Keep a decision with its evidence."""
        self.guesses.append(Guess(place, taken, evidence, round(confidence, 2)))

    def ask(self, question: Question) -> str:
        """The answer to a question: the given one, else the drafted one, and the question stays open.

        Raises EngineError("usage") for an answer that is none of the options.
        """
        self.asked.add(question.id)
        given = self.answers.get(question.id)
        if given is None:
            self.questions.append(question)
            return question.drafted
        values = [option.value for option in question.options]
        if given not in values:
            hint = f"Answer one of: {', '.join(values)}."
            raise EngineError("usage", f'"{given}" is no answer to the question {question.id}', "--answer", hint)
        return given

    def must_know(self, places: Collection[str]) -> None:
        """Raise EngineError("usage") for an answer to a question that no draft of these tables and columns can ask. An
        answer may make another question needless, so that one that is not asked now is no error."""
        for one in self.answers:
            kind, colon, place = one.partition(":")
            if not (place in places if colon else kind == COUNTRY):
                hint = nearest(one, self.asked, "question")
                raise EngineError("usage", f'the draft asks no question "{one}"', "--answer", hint)

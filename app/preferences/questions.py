"""The questions that a drafted model leaves open: each with its evidence and its answers side by side."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QRadioButton, QScrollArea, QVBoxLayout, QWidget

from app.i18n import Words
from app.widgets.parts import label


class Questions(QScrollArea):
    """Questions of a draft. One that was answered stays, so that the answer can be taken back.

    Signals:
        answered: the answers by question, whenever one was given or changed.
    """

    answered = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._questions: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, str] = {}
        self.groups: dict[str, QButtonGroup] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(words("connect.questions.title"))

    @property
    def count(self) -> int:
        """How many questions are shown."""
        return len(self._questions)

    def forget(self) -> None:
        """Begin again, without an answer."""
        self._questions, self.answers = {}, {}

    def show_questions(self, questions: list[dict[str, Any]]) -> None:
        """Show the open questions of a draft below those that were answered."""
        given = {one: found for one, found in self._questions.items() if one in self.answers}
        self._questions = given | {one["id"]: one for one in questions}
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addWidget(label(self._words("connect.questions.hint"), "muted", wrap=True))
        self.groups = {}
        for one in self._questions.values():
            self._add(column, one)
        column.addStretch(1)
        self.setWidget(inside)

    def _add(self, column: QVBoxLayout, question: dict[str, Any]) -> None:
        """A question, why it is open, and its answers."""
        words, name = self._words, question["id"]
        text = words.sentence(question["text"])
        evidence = words.sentence(question["evidence"])
        column.addSpacing(8)
        column.addWidget(label(text, "title", wrap=True))
        column.addWidget(label(f"{evidence[:1].upper()}{evidence[1:]}.", "muted", wrap=True))
        group = QButtonGroup(self)
        chosen = self.answers.get(name, question["options"][0]["value"])
        for option in question["options"]:
            answer = words.sentence(option["text"])
            choice = QRadioButton(answer)
            choice.setAccessibleName(f"{text} {answer}")
            choice.setProperty("answer", option["value"])
            choice.setChecked(option["value"] == chosen)
            choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            group.addButton(choice)
            column.addWidget(choice)
        group.buttonClicked.connect(lambda choice, name=name: self._on_chosen(name, str(choice.property("answer"))))
        self.groups[name] = group

    def _on_chosen(self, name: str, answer: str) -> None:
        if self.answers.get(name) != answer:
            self.answers[name] = answer
            self.answered.emit(dict(self.answers))

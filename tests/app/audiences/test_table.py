"""The table of home: order, search and selection against plain lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication, QTreeView

from app.audiences.table import COLUMNS, ID_ROLE, AudienceTable, Row
from app.i18n import Words
from app.theme.tokens import SCHEMES
from app.widgets.searching import plain

WORDS = st.sampled_from(["Ana", "ana", "Ánà", "bob", "Zoé", ""])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), WORDS),
        st.tuples(st.just("search"), st.sampled_from(["", "a", "zoe", "b"])),
        st.tuples(st.just("sort"), st.integers(0, len(COLUMNS) - 1)),
        st.tuples(st.just("size"), st.integers(-1, 3)),
        st.tuples(st.just("select"), st.integers(0, 9)),
    ),
    max_size=25,
)


def made(identifier: str, name: str) -> Row:
    texts = dict.fromkeys(("state", "refresh", "owner", "tags", "folder", "rule"), "x")
    return Row(identifier, {"name": name, **texts})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_rows_are_those_that_fit_in_order_and_the_selection_stays(qapp: QApplication, steps: list[Any]) -> None:
    table = AudienceTable(Words("en"), SCHEMES["light"])
    view = QTreeView()
    view.setModel(table)
    wanted, by, selected = "", "name", None
    for step, value in steps:
        match step:
            case "add":
                identifier = f"r{len(table.rows)}"
                table.add([made(identifier, value)])
            case "search":
                wanted = value
                table.search(value)
            case "sort":
                by = COLUMNS[value]
                table.sort(value, Qt.SortOrder.AscendingOrder)
            case "size":
                for place, row in enumerate(table.rows.values()):
                    row.size, row.sizes = value + place % 2, [1, 1 + place]
                    row.next = datetime(2026, 1, 1 + place, tzinfo=UTC)
                table.updated(settled=True)
            case "select" if table.shown:
                place = value % len(table.shown)
                selected = table.shown[place].id
                flags = QItemSelectionModel.SelectionFlag
                view.selectionModel().select(table.index(place, 0), flags.ClearAndSelect | flags.Rows)
        fitting = [row for row in table.rows.values() if wanted in plain(f"{row.texts['name']} {row.id} x")]
        assert {row.id for row in table.shown} == {row.id for row in fitting}
        names = [row.ordered("name") for row in table.shown]
        if by == "name":
            assert names == sorted(names)
        if by == "size":
            sizes = [-2 if row.size is None else row.size for row in table.shown]
            assert sizes == sorted(sizes)
        if selected not in {row.id for row in table.shown}:
            selected = None
        chosen = {str(index.data(ID_ROLE)) for index in view.selectionModel().selectedRows()}
        assert chosen == (set() if selected is None else {selected})
        for place in range(len(table.shown)):
            for column in range(len(COLUMNS)):
                table.index(place, column).data()

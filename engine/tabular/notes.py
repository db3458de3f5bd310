"""What is told of the way a file was read, one sentence each."""

from __future__ import annotations


def above_message(lines: int) -> str:
    """Lines above the header were left out."""
    if lines == 1:
        return "The first line stands above the table and was left out."
    return f"The first {lines} lines stand above the table and were left out."


def below_message(lines: int) -> str:
    """Totals and remarks below the rows were left out."""
    if lines == 1:
        return "The last line is a total or a remark and was left out."
    return f"The last {lines} lines are totals or remarks and were left out."


def header_message(lines: int) -> str:
    """Several lines name the columns."""
    return f"The header takes {lines} lines, and their names were joined."


def values_message() -> str:
    """No line names the columns."""
    return "The first row holds values and no names: the columns are called c1, c2 and so on."


def numbered_message() -> str:
    """Rows begin with their numbers."""
    return "The rows begin with their numbers, which the header does not name: that column is called row."


def encoding_message(encoding: str) -> str:
    """The text is no UTF-8."""
    return f"The text was read as {encoding}."


def sheet_message(sheet: str, count: int) -> str:
    """One of several sheets was read."""
    return f'The sheet "{sheet}" was read, the first of {count} with rows.'

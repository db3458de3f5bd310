"""What a person should know about how a column was read, in one sentence each."""

from __future__ import annotations

SENTENCES = {
    "years": "years of two digits: 69 to 99 are 19xx, 00 to 68 are 20xx",
    "offsets": "times with an offset are kept as UTC, since the column has no time zone",
    "some_offsets": "times without an offset are taken as UTC, like those with one",
    "percent": "percentages are shares of one: 12.5% is 0.125",
    "currency": "the currency beside the numbers is left out",
    "decimal_by_others": "the decimal separator is that of the file's other columns",
    "decimal_by_type": "the separator is one of thousands, since the column takes whole numbers",
    "order_by_others": "day and month are in the order of the file's other dates",
    "nothing": "words such as NaN or N/A are read as missing",
    "compact": "eight digits are read as a date: year, month, day",
    "whole": "numbers that end in .0 are read as whole numbers",
    "two_signs": "the column stays text: its numbers have different signs beside them, such as two currencies",
    "two_decimals": "the column stays text: some numbers have a decimal comma, others a decimal point",
    "other_decimal": "the column stays text: its numbers do not have the decimal separator that was said",
}
"""The sentences by their names, as :class:`~engine.tabular.values.guess.Reading` has them."""

"""Columns of business tables: those that a page tells of, those of the world, and those that only rows show."""

from collections.abc import Iterable
from typing import Any

from emulation.dynamics.dataverse_schema import Row
from emulation.dynamics.tables.business import KNOWN
from emulation.dynamics.tables.column import Column, of_value
from emulation.dynamics.tables.declared import READ_ONLY

OPTION_SETS = 200000000
"""Choices of finance and operations begin here, those of yes and no included (recorded data events)."""


def of_rows(table: str, rows: Iterable[Row], further: Iterable[Column] = ()) -> dict[str, Column]:
    """Return the columns of a business table by what the Web API calls them.

    Args:
        table: Its logical name.
        rows: Rows that show columns.
        further: Columns that the world declares.
    """
    known = {column.property: column for column in (*KNOWN.get(table, ()), *READ_ONLY, *further)}
    for row in rows:
        for name, value in row.items():
            if "@" not in name:
                known.setdefault(name, _guessed(table, name, value))
    return known


def _guessed(table: str, name: str, value: Any) -> Column:
    column = of_value(name, value)
    if table.startswith("mserp_") and column.type == "Integer" and value >= OPTION_SETS:
        return Column(name, "Picklist")
    return column

"""Types of columns of business tables, where their values alone do not tell them.

Source: the table reference pages of Account and Contact; those that fno-link's samples and most organizations use.
"""

from collections.abc import Iterable
from typing import Any

from emulation.dynamics.dataverse_schema import Row
from emulation.dynamics.tables.column import Column, of_value
from emulation.dynamics.tables.declared import READ_ONLY

_STATE = (
    Column("statecode", "State", options={0: "Active", 1: "Inactive"}, default=0),
    Column("statuscode", "Status", options={1: "Active", 2: "Inactive"}, default=1),
    Column("ownerid", "Lookup", targets=("systemuser", "team")),
    Column("transactioncurrencyid", "Lookup", targets=("transactioncurrency",)),
)
_CONTACTED = (
    Column("description", "Memo", longest=2000),
    Column("emailaddress1", longest=100),
    Column("telephone1", longest=50),
    Column("fax", longest=50),
    Column("address1_line1", longest=250),
    Column("address1_city", longest=80),
    Column("address1_postalcode", longest=20),
    Column("address1_country", longest=80),
    Column("creditlimit", "Money"),
    Column("creditonhold", "Boolean"),
    Column("donotemail", "Boolean"),
    Column("donotphone", "Boolean"),
    Column("preferredcontactmethodcode", "Picklist", options={1: "Any", 2: "Email", 3: "Phone", 4: "Fax", 5: "Mail"}),
)
KNOWN: dict[str, tuple[Column, ...]] = {
    "account": (
        Column("name", longest=160),
        Column("accountnumber", longest=20),
        Column("websiteurl", longest=200),
        Column("numberofemployees", "Integer"),
        Column("revenue", "Money"),
        Column("accountcategorycode", "Picklist", options={1: "Preferred Customer", 2: "Standard"}),
        Column("industrycode", "Picklist"),
        Column("customertypecode", "Picklist"),
        Column("primarycontactid", "Lookup", targets=("contact",)),
        Column("parentaccountid", "Lookup", targets=("account",)),
        *_CONTACTED,
        *_STATE,
    ),
    "contact": (
        Column("firstname", longest=50),
        Column("lastname", longest=50),
        Column("fullname", longest=160, writable=False),
        Column("jobtitle", longest=100),
        Column("birthdate", "DateTime"),
        Column("gendercode", "Picklist", options={1: "Male", 2: "Female"}),
        Column("parentcustomerid", "Lookup", targets=("account", "contact")),
        *_CONTACTED,
        *_STATE,
    ),
}
"""By logical name; `of_rows` adds what rows show."""

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

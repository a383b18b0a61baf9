"""Changes of rows in Dataverse, by which its plug-in messages come to be."""

from typing import Any, Literal

import msgspec

type Doing = Literal["create", "update", "delete", "large", "synchronous", "custom_api"]

OF_SAMPLES: dict[str, Doing] = {
    "plugin-create": "create",
    "plugin-update": "update",
    "plugin-delete": "delete",
    "plugin-update-stripped": "large",
    "plugin-sync-update": "synchronous",
    "custom-api": "custom_api",
}
"""What is done for a message to come like one of the samples."""

CUSTOM_API = "contoso_RecalculatePrices"
LARGE = 270_000
"""Characters of a row that make the message about it too large, which is at 256 KB."""


class Change(msgspec.Struct, frozen=True):
    """One change.

    Args:
        doing: What is done.
        table: The entity set, `accounts` or `contacts`.
        key: The row's id, of a row that nothing else is about.
        marker: What occurs in the message and in no other.
    """

    doing: Doing
    table: str
    key: str
    marker: str

    def before(self) -> dict[str, Any] | None:
        """Return the row before, or None: there is none, or it does not matter."""
        if self.doing in {"create", "custom_api"}:
            return None
        row = self._row() | {"creditlimit": 50.0} if self.table == "accounts" else self._row()
        return row | {"description": "x" * LARGE} if self.doing == "large" else row

    def given(self) -> dict[str, Any]:
        """Return what is given of the row."""
        match self.doing:
            case "create":
                return self._row()
            case "update":
                return {"description": self.marker} | self._name()
            case "large":
                return {"fax": "0800 4711", "description": "much was said here"}
            case "synchronous":
                return {"telephone1": "0800 4711", "description": self.marker}
            case _:
                return {}

    def _row(self) -> dict[str, Any]:
        return {f"{self.table.removesuffix('s')}id": self.key} | self._name()

    def _name(self) -> dict[str, Any]:
        return {"name": "Contoso"} if self.table == "accounts" else {"firstname": "Adele", "lastname": "Vance"}

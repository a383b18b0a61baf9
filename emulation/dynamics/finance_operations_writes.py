"""Writes of Finance & Operations' public entities, and what refuses them.

Sources: the pages "Open Data Protocol (OData)" (POST, PATCH and DELETE by key; enumerations by the name of a member),
"Behavioral properties on data entities" (read only), "Business events overview" (ten endpoints for an event in a legal
entity, an endpoint must be assigned) and "Manage business event endpoints" (what an endpoint is stays). The words of a
refused write are as callers report them (`Write failed for table row of type …`); that the entities of business events
are written at all is documented nowhere, so they are read-only until the control API says otherwise.
"""

import re
from typing import Any
from urllib.parse import unquote

import msgspec

from emulation.dynamics.finance_operations_entities import ENTITIES, ENUMERATIONS, PublicEntity
from emulation.dynamics.finance_operations_rows import Row, rows
from emulation.dynamics.state import OrganizationState, State

ENDPOINTS_SET = "BusinessEventsEndpoints"
CONFIGURATIONS_SET = "BusinessEventsConfigurations"
CATALOG_SET = "BusinessEventsCatalogs"
MOST_ENDPOINTS = 10
"""Endpoints of one event in one legal entity; a parameter of the environment."""

ADDRESSED = re.compile(r"/data/(\w+)\((.+)\)/?")
_KEY = re.compile(r"\s*(\w+)\s*=\s*'((?:[^']|'')*)'\s*(?:,|$)")


class WriteRefused(Exception):
    """A write that is not done.

    Args:
        status: Of HTTP.
        message: The answer's.
        inner: What went wrong within; empty: nothing did.
    """

    def __init__(self, status: int, message: str, inner: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.inner = inner


class Writes:
    """Writes to one environment.

    Args:
        state: The world.
        organization: Whose environment.
    """

    def __init__(self, state: State, organization: OrganizationState) -> None:
        self._state = state
        self._organization = organization

    def create(self, entity_set: str, body: bytes) -> Row:
        """Create a row.

        Args:
            entity_set: One of `ENTITIES`.
            body: JSON.

        Returns:
            The row.

        Raises:
            WriteRefused: It is not done.
        """
        entity = self._writable(entity_set)
        given = self._given(entity, body)
        row: Row = {name: "" for name in entity.members if name not in entity.enumerations}
        row |= {name: ENUMERATIONS[of][0] for name, of in entity.enumerations.items() if of in ENUMERATIONS} | given
        key = tuple(str(row[name]).lower() for name in entity.keys)
        if not key[0]:
            raise _failed(entity, f"Field '{entity.keys[0]}' must be filled in.")
        kept = self._rows(entity_set)
        if any(_key_of(entity, each) == key for each in kept):
            message = f"Cannot create a record in {entity.table} ({entity.table}). The record already exists."
            raise _failed(entity, message)
        if entity_set == CONFIGURATIONS_SET:
            self._activated(entity, row, kept)
        kept.append(row)
        return row

    def change(self, entity_set: str, addressed: str, body: bytes) -> None:
        """Change a row that is named by its key; raises WriteRefused."""
        entity = self._writable(entity_set)
        row = self._found(entity_set, entity, addressed)
        given = self._given(entity, body)
        if entity_set == ENDPOINTS_SET and given.get("Type", row.get("Type")) != row.get("Type"):
            raise _failed(entity, "The endpoint type cannot be changed.")
        if any(str(given.get(name, row.get(name, ""))) != str(row.get(name, "")) for name in entity.keys):
            raise _failed(entity, "The key of a record cannot be changed.")
        row |= given

    def delete(self, entity_set: str, addressed: str) -> None:
        """Delete a row that is named by its key; raises WriteRefused."""
        entity = self._writable(entity_set)
        row = self._found(entity_set, entity, addressed)
        used = [each.get("BusinessEventsEndpoint_Name") for each in self._rows(CONFIGURATIONS_SET)]
        if entity_set == ENDPOINTS_SET and row.get("Name") in used:
            message = f"The record in {entity.table} cannot be deleted while business events are assigned to it."
            raise _failed(entity, message)
        self._rows(entity_set).remove(row)

    def _writable(self, entity_set: str) -> PublicEntity:
        entity = ENTITIES.get(entity_set)
        if entity is None:
            raise WriteRefused(404, f"No HTTP resource was found for the entity set '{entity_set}'.")
        how = self._organization.writes.get(entity_set, "read_only")
        if entity_set in self._organization.unreadable or how == "forbidden":
            raise WriteRefused(403, f"Access denied to the entity set '{entity_set}'.")
        if how != "taken" or not entity.keys:
            raise _failed(entity, f"The data entity {entity.name}Entity is read-only.")
        return entity

    def _given(self, entity: PublicEntity, body: bytes) -> Row:
        try:
            given = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as broken:
            raise WriteRefused(400, "The request is invalid.", "The body is no JSON object.") from broken
        for name, value in given.items():
            if name not in entity.members:
                message = (
                    f"The property '{name}' does not exist on type 'Microsoft.Dynamics.DataEntities.{entity.name}'."
                )
                raise WriteRefused(400, "The request is invalid.", message)
            of = entity.enumerations.get(name)
            if not isinstance(value, str) or (of in ENUMERATIONS and value not in ENUMERATIONS[of]):
                message = f"Cannot convert the literal '{value}' to the expected type of '{name}'."
                raise WriteRefused(400, "The request is invalid.", message)
        return given

    def _rows(self, entity_set: str) -> list[Row]:
        return self._organization.entities.setdefault(
            entity_set, list(rows(self._state, self._organization, entity_set))
        )

    def _found(self, entity_set: str, entity: PublicEntity, addressed: str) -> Row:
        asked = {name: text.replace("''", "'").lower() for name, text in _KEY.findall(unquote(addressed))}
        if set(asked) - {"dataAreaId"} != set(entity.keys):
            raise WriteRefused(404, f"No route data was found for the key ({addressed}).")
        for row in self._rows(entity_set):
            if _key_of(entity, row) == tuple(asked[name] for name in entity.keys):
                return row
        raise WriteRefused(404, f"No resources were found for the key ({addressed}).")

    def _activated(self, entity: PublicEntity, row: Row, kept: list[Row]) -> None:
        event, where = str(row["BusinessEventsTable"]).lower(), str(row["LegalEntity"]).lower()
        names = {str(each.get("Name")).lower() for each in self._rows(ENDPOINTS_SET)}
        if str(row["BusinessEventsEndpoint_Name"]).lower() not in names:
            raise _failed(entity, f"The value '{row['BusinessEventsEndpoint_Name']}' in field 'Endpoint' is not found.")
        known = {str(each.get("BusinessEventId")).lower() for each in self._rows(CATALOG_SET)}
        if event not in known:
            raise _failed(entity, f"The value '{row['BusinessEventsTable']}' in field 'Business event' is not found.")
        companies = {str(each.get("LegalEntityId")).lower() for each in self._rows("LegalEntities")}
        if where and where not in companies:
            raise _failed(entity, f"The value '{row['LegalEntity']}' in field 'Legal entity' is not found.")
        same = [each for each in kept if _key_of(entity, each)[:2] == (event, where)]
        if len(same) >= MOST_ENDPOINTS:
            raise _failed(entity, f"The limit of {MOST_ENDPOINTS} configured endpoints has been reached.")


def _key_of(entity: PublicEntity, row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")).lower() for name in entity.keys)


def _failed(entity: PublicEntity, words: str) -> WriteRefused:
    inner = f"Write failed for table row of type '{entity.name}Entity'. Infolog: Error: {words}."
    return WriteRefused(400, "An error has occurred.", inner)

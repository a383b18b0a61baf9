"""A plug-in's managed identity in Dataverse: the record, and the assembly or package that is bound to it.

Source: steps 4 of "Set up Power Platform managed identity for Dataverse plug-ins or plug-in packages". What is there is
read first, and only what differs is written, so that the same order again writes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol
from uuid import UUID, uuid5

import msgspec

from integration.config.keys.model import Organization
from integration.errors import InvalidRequest
from integration.identity.plugin_credential import VERSION

_OURS = UUID("5b0c9c2e-6a33-4d8b-9b0a-2f4b1f6f0b52")
"""Namespace of the ids of records that we make: an order that is repeated after a lost answer makes no second one."""
_NAME = re.compile(r"[A-Za-z0-9_. -]{1,256}")

type State = Literal["made", "changed", "unchanged", "missing", "refused"]


class Bound(msgspec.Struct, frozen=True, rename="camel"):
    """What is bound to the identity.

    Args:
        table: `pluginassemblies` or `pluginpackages`.
        name: Its name.
    """

    table: Literal["pluginassemblies", "pluginpackages"]
    name: str


class Record(msgspec.Struct, frozen=True):
    """A row of `managedidentities` as it is wanted; the arguments are its columns."""

    applicationid: str
    managedidentityid: str
    tenantid: str
    credentialsource: int = 2
    subjectscope: int = 1
    version: int = VERSION


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """What is to be done, or was.

    Args:
        what: The record, or what is bound to it.
        state: `missing` and `refused`: it cannot be done, and `why` says why.
        why: In words.
        row: What is written; empty: nothing.
    """

    what: str
    state: State
    why: str = ""
    row: dict[str, Any] = {}


class Rows(Protocol):
    """What is used of the Dataverse client."""

    async def rows(self, organization: Organization, path: str) -> list[dict[str, Any]]:
        """Read all pages of a query; raises LinkUnknown."""
        ...

    async def write(
        self, organization: Organization, method: str, path: str, row: Mapping[str, Any], headers: Mapping[str, str]
    ) -> str:
        """Create or change a row; raises LinkUnknown."""
        ...


def wanted(application: str, tenant: str, environment: str) -> Record:
    """Say which record an application's plug-ins need in an environment.

    Raises:
        InvalidRequest: The application or the tenant is no id.
    """
    for name, said in (("application", application), ("tenant", tenant)):
        try:
            UUID(said)
        except ValueError as error:
            msg = f"the {name} is not an id: {said[:80]!r}"
            raise InvalidRequest(msg) from error
    made = uuid5(_OURS, f"{environment.lower()}/{tenant.lower()}/{application.lower()}")
    return Record(application.lower(), str(made), tenant.lower())


def record_step(record: Record, found: list[dict[str, Any]]) -> tuple[str, Step]:
    """Decide what becomes of the record.

    Args:
        record: As it is wanted.
        found: The rows of its application.

    Returns:
        The id that is bound, and what is to be done.
    """
    columns = msgspec.to_builtins(record)
    same = [row for row in found if str(row.get("tenantid", "")).lower() == record.tenantid]
    if not same:
        return record.managedidentityid, Step("managedidentity", "made", row=columns)
    if len(same) > 1:
        ids = ", ".join(str(row.get("managedidentityid")) for row in same)
        return "", Step(
            "managedidentity", "refused", f"the application has several records ({ids}): delete all but one"
        )
    there = str(same[0]["managedidentityid"])
    changed = {
        name: columns[name]
        for name in ("credentialsource", "subjectscope", "version")
        if same[0].get(name) != columns[name]
    }
    return there, Step("managedidentity", "changed" if changed else "unchanged", row=changed)


def binding_step(bound: Bound, identity: str, found: list[dict[str, Any]]) -> Step:
    """Decide what becomes of the assembly or package."""
    what = f"{bound.table}: {bound.name}"
    if not found:
        return Step(what, "missing", "there is none of that name: sign and register it first")
    if len(found) > 1:
        return Step(what, "refused", "there are several of that name")
    present = str(found[0].get("_managedidentityid_value") or "").lower()
    if present == identity.lower():
        return Step(what, "unchanged")
    if present:
        return Step(what, "refused", f"it is bound to another identity ({present}): unbind it first")
    return Step(what, "changed", row={"managedidentityid@odata.bind": f"/managedidentities({identity})"})


async def settle(
    dataverse: Rows, organization: Organization, record: Record, bound: Bound | None, *, apply: bool
) -> tuple[Step, ...]:
    """Make the record, and bind to it; or say what would be done.

    Args:
        dataverse: Reads and writes rows.
        organization: Where.
        record: As it is wanted.
        bound: What is bound to it; None: nothing.
        apply: Write; where a step cannot be done, nothing is written at all.

    Raises:
        InvalidRequest: A name that no assembly has.
        LinkUnknown: Dataverse refuses, or does not answer.
    """
    query = f"managedidentities?$filter=applicationid eq {record.applicationid}"
    identity, made = record_step(record, await dataverse.rows(organization, query))
    steps = [made]
    row = ""
    if bound is not None:
        if not _NAME.fullmatch(bound.name):
            msg = f"no assembly or package has such a name: {bound.name[:80]!r}"
            raise InvalidRequest(msg)
        key = "pluginassemblyid" if bound.table == "pluginassemblies" else "pluginpackageid"
        found = await dataverse.rows(
            organization, f"{bound.table}?$select={key},name,_managedidentityid_value&$filter=name eq '{bound.name}'"
        )
        steps.append(binding_step(bound, identity, found))
        row = f"{bound.table}({found[0][key]})" if found else ""
    if apply and all(step.state not in ("missing", "refused") for step in steps):
        if made.state == "made":
            await dataverse.write(organization, "POST", "managedidentities", made.row, {})
        elif made.row:
            await dataverse.write(organization, "PATCH", f"managedidentities({identity})", made.row, {"If-Match": "*"})
        if row and steps[-1].row:
            await dataverse.write(organization, "PATCH", row, steps[-1].row, {"If-Match": "*"})
    return tuple(steps)

"""What a tenant has as a whole: free capacity of Dataverse, and who may create environments.

Sources: the pages "Tenant Capacity Details - Get Tenant Capacity Details" of the Power Platform API (2024-10-01),
whose values are megabytes, and "List tenant settings (preview)" of the administration API, which answers a POST without
a body. The first does not say which type lists the overflow of which: whatever another type lists as the database's is
taken off, so that what is left is rather too little than too much.
"""

import msgspec

from integration.dataverse.json_body import Unreadable, read
from integration.errors import UnexpectedAnswer
from integration.plain_text import plain

DATABASE = "Database"
LEGACY = "Legacy"
MEGABYTES = "MB"
GIGABYTE = 1024.0
"""In megabytes."""

_OK = 200
_STATUSES = {"Available": True, "AvailableByOverflow": True, "NotAvailable": False}


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Dataverse database capacity of a tenant.

    Args:
        total: Megabytes that it is entitled to.
        used: Megabytes that are used, what covers other types included.
        available: Whether the Power Platform says that there is any left; None: it does not say.
    """

    total: float
    used: float
    available: bool | None = None

    @property
    def free(self) -> float:
        """Megabytes that are left; negative where more is used than there is."""
        return self.total - self.used


class _Consumption(msgspec.Struct, frozen=True):
    actual: float | None = None


class _Overflow(msgspec.Struct, frozen=True, rename="camel"):
    capacity_type: str | None = None
    value: float | None = None


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    capacity_type: str | None = None
    capacity_units: str | None = None
    total_capacity: float | None = None
    consumption: _Consumption | None = None
    status: str | None = None
    overflow_capacity: tuple[_Overflow, ...] | None = None


class _Legacy(msgspec.Struct, frozen=True, rename="camel"):
    capacity_units: str | None = None
    total_capacity: float | None = None
    total_consumption: float | None = None


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    tenant_id: str | None = None
    license_model_type: str | None = None
    tenant_capacities: tuple[_Row, ...] | None = None
    legacy_model_capacity: _Legacy | None = None


class _Settings(msgspec.Struct, frozen=True):
    disabled: bool = msgspec.field(name="disableEnvironmentCreationByNonAdminUsers")


def read_capacity(body: bytes, tenant_id: str | None) -> Capacity:
    """Read the capacity of a tenant.

    Args:
        body: What came with 200.
        tenant_id: The tenant that was asked for; None: its id is not known.

    Raises:
        UnexpectedAnswer: It tells of another tenant, of no database, or in no figures that can be compared.
    """
    told = _read(body, _Details, "The Power Platform API's capacity")
    if tenant_id and told.tenant_id and told.tenant_id.lower() != tenant_id.lower():
        msg = "The Power Platform API told the capacity of another tenant."
        raise UnexpectedAnswer(msg, status=_OK)
    if told.license_model_type == LEGACY:
        legacy = told.legacy_model_capacity or _Legacy()
        return _capacity(legacy.total_capacity, legacy.total_consumption, legacy.capacity_units)
    rows = told.tenant_capacities or ()
    databases = [row for row in rows if row.capacity_type == DATABASE]
    if len(databases) != 1:
        msg = f"The Power Platform API told of {len(databases) or 'no'} capacities of type {DATABASE}."
        raise UnexpectedAnswer(msg, status=_OK)
    [row] = databases
    used = (row.consumption or _Consumption()).actual
    covering = sum(
        over.value or 0.0
        for other in rows
        if other is not row
        for over in other.overflow_capacity or ()
        if over.capacity_type == DATABASE
    )
    capacity = _capacity(row.total_capacity, used, row.capacity_units, covering)
    return msgspec.structs.replace(capacity, available=_STATUSES.get(row.status or ""))


def read_only_administrators(body: bytes) -> bool:
    """Read from a tenant's settings whether only administrators may create production environments.

    Raises:
        UnexpectedAnswer: They do not say.
    """
    return _read(body, _Settings, "The administration API's list of settings").disabled


def _capacity(total: float | None, used: float | None, units: str | None, covering: float = 0.0) -> Capacity:
    if total is None or used is None or min(total, used, covering) < 0:
        msg = "The Power Platform API told no figures of the database's capacity."
        raise UnexpectedAnswer(msg, status=_OK)
    if units != MEGABYTES:
        msg = f"The Power Platform API told the database's capacity in {plain(units or 'no unit', longest=40)}."
        raise UnexpectedAnswer(msg, status=_OK)
    return Capacity(total=total, used=used + covering)


def _read[T](body: bytes, shape: type[T], what: str) -> T:
    try:
        return read(body, shape)
    except Unreadable as error:
        msg = f"{what} is not the documented JSON."
        raise UnexpectedAnswer(msg, status=_OK) from error

"""What a tenant has as a whole: capacity of Dataverse, and who may create environments.

Sources: the page "Tenant Capacity Details - Get Tenant Capacity Details" (2024-10-01) for members and values, and the
recorded answer in the tests of Microsoft's Terraform provider (get_tenant_capacity.json) for how they go together.
"""

from typing import Any, Literal

import msgspec

type Status = Literal["None", "Available", "AvailableByOverflow", "NotAvailable"]

UPDATED = "2026-01-01T08:52:06.3330393+00:00"
FILES = 40960.0
LOGS = 4096.0


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant is entitled to, and uses.

    Args:
        database: Megabytes of Dataverse database that it is entitled to.
        used: Megabytes of it that are used.
        covering: Megabytes of it that cover what files take beyond their own.
        legacy: Whether the tenant is of the old model, which counts one storage for everything.
    """

    database: float = 20480.0
    used: float = 3150.945
    covering: float = 0.0
    legacy: bool = False

    @property
    def status(self) -> Status:
        """Whether there is any left."""
        return "Available" if self.database > self.used + self.covering else "NotAvailable"


def details(tenant_id: str, capacity: Capacity) -> dict[str, Any]:
    """Return a tenant's capacity as the Power Platform API tells it."""
    status = capacity.status
    code = "AllCapacityAvailable" if status == "Available" else "DBCapacityOver"
    told: dict[str, Any] = {
        "tenantId": tenant_id,
        "licenseModelType": "Legacy" if capacity.legacy else "StorageDriven",
        "capacitySummary": {
            "status": status,
            "statusMessage": f"Dataverse: {status}.",
            "statusMessageCode": code,
            "finOpsStatus": "None",
            "finOpsStatusMessage": "Finance and operations capacity is for information.",
            "finOpsStatusMessageCode": "FinOpsNotAvailable",
        },
        "tenantCapacities": [],
    }
    if capacity.legacy:
        told["legacyModelCapacity"] = {
            "capacityUnits": "MB",
            "totalCapacity": capacity.database,
            "totalConsumption": capacity.used,
        }
        return told
    overflow = [{"capacityType": "Database", "value": capacity.covering}] if capacity.covering else []
    files: Status = "AvailableByOverflow" if overflow else "Available"
    told["tenantCapacities"] = [
        _row("Database", capacity.database, capacity.used, status),
        _row("File", FILES, FILES + capacity.covering if overflow else FILES / 2, files)
        | {"overflowCapacity": overflow},
        _row("Log", LOGS, 0.0, "Available"),
        # What trials have is counted apart, and comes with every tenant.
        _row("TrialDatabase", 1024000.0, 0.0, "None"),
        _row("FinOpsDatabase", 10240.0, 512.5, "None"),
        _row("FinOpsFile", 10240.0, 0.0, "None"),
    ]
    return told


def _row(kind: str, total: float, used: float, status: Status) -> dict[str, Any]:
    return {
        "capacityType": kind,
        "capacityUnits": "MB",
        "totalCapacity": total,
        "maxCapacity": 0.0,
        "consumption": {"actual": used, "rated": used, "actualUpdatedOn": UPDATED, "ratedUpdatedOn": UPDATED},
        "status": status,
        "overflowCapacity": [],
        "capacityEntitlements": [
            {"capacityType": kind, "capacitySubType": f"{kind}Base", "totalCapacity": total, "licenses": []}
        ],
    }

"""Whether there can be a managed identity where this runs, without asking anybody.

Workload identity on Kubernetes counts as one: `integration.identity.workload`.

Sources: the page "How to use managed identities for App Service and Azure Functions" (IDENTITY_ENDPOINT), msal's own
list of places (Service Fabric, Azure Arc, Cloud Shell, Machine Learning), and cloud-init, which knows a virtual machine
of Azure by the asset tag of its chassis.
"""

from collections.abc import Mapping
from pathlib import Path

from integration.config.settings.settings import FEDERATED_TOKEN_FILE, IDENTITY_ENDPOINT, MSI_ENDPOINT

ENDPOINTS = (IDENTITY_ENDPOINT, MSI_ENDPOINT, FEDERATED_TOKEN_FILE)
CHASSIS = Path("/sys/class/dmi/id/chassis_asset_tag")
OF_AZURE = "7783-7084-3265-9085-8269-3286-77"


def may_be_managed(environ: Mapping[str, str], chassis: Path = CHASSIS) -> bool:
    """Tell whether a managed identity is worth asking for.

    Args:
        environ: The environment variables.
        chassis: The file that names the machine.
    """
    if any(environ.get(name, "").strip() for name in ENDPOINTS):
        return True
    try:
        return chassis.read_text("ascii", "replace").strip() == OF_AZURE
    except OSError:
        return False

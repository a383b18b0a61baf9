"""What an application may do at Microsoft Graph for a person who is signed in to it.

Sources: the pages "Microsoft Entra authentication and authorization error codes" (AADSTS65001, AADSTS65002) and
"Permissions and consent"; the Azure CLI's permissions are those in its tokens. Whether Microsoft lets the application
of the Dataverse samples ask Graph is said nowhere: here it does not.
"""

from emulation.dynamics.clouds import GRAPHS
from emulation.dynamics.entra_errors import EntraError
from emulation.dynamics.world import App

SAMPLES = "51f81489-12ee-4a9e-aaae-a2591f45987d"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
OF_THE_AZURE_CLI = "AuditLog.Read.All Directory.AccessAsUser.All Group.ReadWrite.All User.ReadWrite.All"
USER_IMPERSONATION = "user_impersonation"


def permissions(app: App | None, client_id: str, resource: str) -> str:
    """Return the `scp` of a token.

    Args:
        app: The application's registration; None: it is one of Microsoft's.
        client_id: Its id.
        resource: What the token is for.

    Raises:
        EntraError: Nobody consented, or Microsoft does not let it.
    """
    if resource.removeprefix("https://").removesuffix("/") not in GRAPHS:
        return USER_IMPERSONATION
    if client_id == AZURE_CLI:
        return OF_THE_AZURE_CLI
    if app is None:
        raise EntraError.not_preauthorized(client_id, resource)
    if not app.delegated:
        raise EntraError.no_consent(client_id)
    return " ".join(app.delegated)

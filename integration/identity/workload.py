"""Workload identity: on Kubernetes the token of a pod's service account is exchanged for one of Entra.

The webhook of Azure Workload Identity puts a file with that token into the pod and names it in
AZURE_FEDERATED_TOKEN_FILE; the kubelet renews it, so that it is read anew each time. Sources: the page "Microsoft Entra
Workload ID on Azure Kubernetes Service" and `WorkloadIdentityCredential` of azure-identity.
"""

from collections.abc import Mapping
from pathlib import Path

from integration.config.settings.settings import AUTHORITY_HOST, FEDERATED_TOKEN_FILE, WORKLOAD_CLIENT, WORKLOAD_TENANT
from integration.errors import Unauthenticated
from integration.identity.entra import msal_itself, read_grant, told_of
from integration.identity.grants import Grant
from integration.identity.session import Session

PUBLIC = "https://login.microsoftonline.com/"


def workload_grant(environ: Mapping[str, str], client_id: str, scope: str) -> Grant:
    """Get a new token for the identity that trusts this pod's service account.

    Args:
        environ: What the webhook has set.
        client_id: Of the identity; empty: the one of the service account's annotation.
        scope: `{resource}/.default`.

    Raises:
        LinkUnknown: Unauthenticated, Throttled or Unreachable.
    """
    client_id = client_id or environ.get(WORKLOAD_CLIENT, "")
    tenant = environ.get(WORKLOAD_TENANT, "")
    file = Path(environ.get(FEDERATED_TOKEN_FILE, ""))
    if not client_id or not tenant:
        msg = "The pod has a federated token, but AZURE_CLIENT_ID or AZURE_TENANT_ID is not set."
        raise Unauthenticated(msg)
    try:
        assertion = file.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        msg = f"The federated token in {file} cannot be read ({type(error).__name__})."
        raise Unauthenticated(msg) from error
    name = f"workload identity {client_id} in tenant {tenant}"
    authority = f"{(environ.get(AUTHORITY_HOST) or PUBLIC).rstrip('/')}/{tenant}"
    session = Session()
    try:
        with told_of(name):
            application = msal_itself().ConfidentialClientApplication(
                client_id,
                client_credential={"client_assertion": lambda: assertion},
                authority=authority,
                http_client=session,
            )
            answer = application.acquire_token_for_client([scope])
    finally:
        session.close()
    return read_grant(answer, name)

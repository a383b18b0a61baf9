"""What Entra's codes mean for who asks for a token, an app or a person, and what to do; pure.

Sources: the page "Microsoft Entra authentication and authorization error codes", and https://login.microsoftonline.com/
error?code=… for those that it leaves out. The page says that codes may change: one that is not here is a refusal whose
reason is not known, never a success.
"""

from typing import Literal

import msgspec

type About = Literal["secret", "certificate", "application", "tenant", "resource", "policy", "sign-in", "entra"]
"""What is to be mended. `sign-in`: a person has to sign in (again). `entra`: Entra itself could not answer."""


class Meaning(msgspec.Struct, frozen=True):
    """What a code says.

    Args:
        about: What is to be mended.
        why: What is wrong, in words.
        hint: What to do.
    """

    about: About
    why: str
    hint: str


_PORTAL = "Microsoft Entra admin center > App registrations > the app > Certificates & secrets"
_AGAIN = "Nothing to do: it is asked again."

MEANINGS: dict[str, Meaning] = {
    "AADSTS7000215": Meaning(
        "secret",
        "the client secret is wrong",
        f"Configure the secret's value, not its id; a lost value cannot be shown again: create a new one ({_PORTAL}).",
    ),
    "AADSTS7000222": Meaning(
        "secret",
        "the client secret has expired",
        f"Create a new one for the app registration and configure it ({_PORTAL}).",
    ),
    "AADSTS7000218": Meaning(
        "secret",
        "the request had neither a secret nor a certificate",
        "Set the client secret or the client certificate of the organization in the app settings.",
    ),
    "AADSTS700024": Meaning(
        "certificate",
        "the certificate's assertion is outside its time",
        "Check this machine's clock.",
    ),
    "AADSTS500133": Meaning(
        "certificate",
        "the assertion is outside its time",
        "Check this machine's clock.",
    ),
    "AADSTS50027": Meaning(
        "certificate",
        "the assertion cannot be read",
        "Check that the configured certificate has its private key, an RSA one, and is in PEM.",
    ),
    "AADSTS700023": Meaning(
        "certificate",
        "the assertion was made for another authority",
        "Check the tenant and `cloud` of the organization, and this machine's proxy: it must not rewrite requests.",
    ),
    "AADSTS7000275": Meaning(
        "certificate",
        "the assertion's signature is not that of the registered certificate",
        f"Configure the certificate with its own private key, and upload its public part ({_PORTAL}).",
    ),
    "AADSTS700027": Meaning(
        "certificate",
        "the client certificate is not the registered one",
        f"Upload it to the app registration, or configure the one that is there ({_PORTAL}).",
    ),
    "AADSTS700030": Meaning(
        "certificate",
        "the certificate's subject or issuer is not what the app registration takes",
        f"Upload the certificate itself to the app registration ({_PORTAL}).",
    ),
    "AADSTS700211": Meaning(
        "application",
        "no federated credential of the identity names this cluster",
        "Enter the cluster's OIDC issuer as the credential's: `az aks show --query oidcIssuerProfile.issuerUrl`.",
    ),
    "AADSTS700212": Meaning(
        "application",
        "the federated credential has another audience",
        "Enter api://AzureADTokenExchange as the credential's audience.",
    ),
    "AADSTS700213": Meaning(
        "application",
        "no federated credential of the identity names this service account",
        "Enter system:serviceaccount:NAMESPACE:NAME as the credential's subject.",
    ),
    "AADSTS7000112": Meaning(
        "application",
        "the application is disabled in the tenant",
        "Enable it: Microsoft Entra admin center > Enterprise applications > the app > Properties.",
    ),
    "AADSTS700016": Meaning(
        "application",
        "the client id is not known in the tenant",
        "Check the client id and the tenant.",
    ),
    "AADSTS7000229": Meaning(
        "application",
        "the app registration has no service principal in the tenant",
        "Create it: an administrator of the tenant consents to the app once.",
    ),
    "AADSTS90002": Meaning(
        "tenant",
        "the tenant does not exist",
        "Check the tenant's domain or id, and the cloud.",
    ),
    "AADSTS900023": Meaning(
        "tenant",
        "the tenant is neither a domain nor an id",
        "Write the tenant's domain (contoso.onmicrosoft.com) or its id.",
    ),
    "AADSTS90038": Meaning(
        "tenant",
        "the tenant belongs to another cloud",
        "Set `cloud` of the organization.",
    ),
    "AADSTS900382": Meaning(
        "tenant",
        "the app and the tenant are of different clouds",
        "Set `cloud` of the organization, and use an app registration of that cloud.",
    ),
    "AADSTS500011": Meaning(
        "resource",
        "the resource is not known in the tenant",
        "Check the address that the token is for (the organization's URL) and the tenant.",
    ),
    "AADSTS500014": Meaning(
        "resource",
        "the resource is disabled in the tenant",
        "Enable its enterprise application, or look for a lapsed subscription.",
    ),
    "AADSTS650052": Meaning(
        "resource",
        "the tenant has no subscription to the resource's service",
        "Check the organization's URL and the tenant's subscriptions.",
    ),
    "AADSTS53003": Meaning(
        "policy",
        "a conditional-access policy blocks the application",
        "Exclude it from the policy, or allow its network.",
    ),
    "AADSTS530032": Meaning(
        "policy",
        "a security policy of the tenant blocks the application",
        "Ask an administrator of the tenant for the policy that blocks it.",
    ),
    "AADSTS50020": Meaning(
        "sign-in",
        "the account is of another tenant",
        "Sign in with an account of this tenant, or have it invited as a guest.",
    ),
    "AADSTS50076": Meaning(
        "sign-in",
        "multifactor authentication is required",
        "Sign in again, to this tenant and for this resource, so that it is asked for.",
    ),
    "AADSTS50079": Meaning(
        "sign-in",
        "the account has to register for multifactor authentication",
        "Sign in in a browser once and register.",
    ),
    "AADSTS50158": Meaning(
        "sign-in",
        "a conditional-access policy asks for more than was given",
        "Sign in again, to this tenant and for this resource, so that it is asked for.",
    ),
    "AADSTS53000": Meaning(
        "policy",
        "a conditional-access policy requires a device that complies",
        "Sign in from such a device, or use an app registration.",
    ),
    "AADSTS50173": Meaning(
        "sign-in", "the sign-in is older than the account's last change of password", "Sign in again."
    ),
    "AADSTS70043": Meaning("sign-in", "a policy for how often to sign in has ended the sign-in", "Sign in again."),
    "AADSTS700082": Meaning("sign-in", "the sign-in has expired because it was not used", "Sign in again."),
    "AADSTS70000": Meaning("sign-in", "the sign-in is no longer valid", "Sign in again."),
    "AADSTS70018": Meaning("sign-in", "the device code is not known", "Run the command again."),
    "AADSTS70019": Meaning("sign-in", "nobody signed in before the device code was too old", "Run the command again."),
    "AADSTS65004": Meaning("sign-in", "the person declined", "Run the command again, and consent."),
    "AADSTS50105": Meaning(
        "application",
        "the account is not assigned to the application",
        "Assign it: Microsoft Entra admin center > Enterprise applications > the app > Users and groups.",
    ),
    "AADSTS501051": Meaning(
        "application",
        "the application has no role of the resource, which requires one",
        "Assign it one: Microsoft Entra admin center > App registrations > the app > API permissions, and consent.",
    ),
    "AADSTS65001": Meaning(
        "application",
        "nobody has consented to the application's use of the resource",
        "Let an administrator of the tenant consent, or sign in with `--device-code`.",
    ),
    "AADSTS65002": Meaning(
        "application",
        "Microsoft does not let this application of its own use the resource",
        "Use an app registration of the tenant's own.",
    ),
    "AADSTS50196": Meaning("entra", "it was asked too often for the same", _AGAIN),
    "AADSTS90006": Meaning("entra", "it is unavailable for a short time", _AGAIN),
    "AADSTS90012": Meaning("entra", "its answer took too long", _AGAIN),
    "AADSTS90024": Meaning("entra", "it is unavailable for a short time", _AGAIN),
    "AADSTS90033": Meaning("entra", "its directory is unavailable for a short time", _AGAIN),
    "AADSTS90055": Meaning("entra", "the tenant asks too often", _AGAIN),
}
"""By code, as `remote_code` of an error has it."""

"""The checks of organizations, put together over one set of clients: the worker's, or a command's own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from integration.clock import Clock
from integration.config.keys.health import Health
from integration.config.keys.model import Configuration, Credentials, Organization
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse
from integration.finance_operations import FinanceOperations
from integration.health.probes.credential import CredentialProbe
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.drift import DriftProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe, Refreshes
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.platform import PlatformProbe
from integration.health.probes.registrations import Registrations
from integration.health.probes.sender import SenderProbe
from integration.health.probes.token import TokenProbe
from integration.identity import Tokens
from integration.power_platform import PowerPlatform

if TYPE_CHECKING:
    import httpx


def organization_probe(  # noqa: PLR0913  # one client each
    *,
    http: "httpx.AsyncClient",
    tokens: Tokens,
    dataverse: Dataverse,
    links: Refreshes,
    registrations: Registrations | None,
    credentials_for: Callable[[Organization], Credentials],
    settings: Health,
    clock: Clock,
    drift: DriftProbe | None = None,
) -> OrganizationProbe:
    """Put together what asks of one organization after the other.

    Args:
        http: For Finance & Operations.
        tokens: Gives the tokens.
        dataverse: Asks Dataverse.
        links: The link resolver.
        registrations: When secrets expire; None: credentials and failed system jobs are not asked for.
        credentials_for: Credentials by organization.
        settings: What is asked, and how long it may take.
        clock: The time.
        drift: Compares what is registered with what is declared; None: that is not asked for.
    """
    within = settings.ask_within.total_seconds()
    token = TokenProbe(tokens=tokens, clock=clock, within=within)
    client = FinanceOperations(http, tokens, clock=clock)
    linked = FinanceOperationsProbe(client=client, token=token, clock=clock, within=within)
    credential = sender = None
    if registrations is not None:
        sender = SenderProbe(dataverse=dataverse, clock=clock, within=within)
        credential = CredentialProbe(
            credentials_for=credentials_for,
            registrations=registrations,
            token=token,
            clock=clock,
            days_of=lambda one: settings.thresholds(one.name, one.health).credential_days,
            within=within,
        )
    return OrganizationProbe(
        token=token,
        dataverse=DataverseProbe(dataverse=dataverse, within=within),
        link=LinkProbe(links=links, within=within),
        finance_operations=linked if settings.finance_operations else None,
        credential=credential,
        sender=sender,
        drift=drift,
        clock=clock,
    )


def drift_probe(  # noqa: PLR0913  # its collaborators
    *,
    dataverse: Dataverse,
    finance_operations: FinanceOperations,
    configuration: Configuration,
    environ: Environ,
    address: Callable[[], str],
    clock: Clock,
) -> DriftProbe | None:
    """Put together what compares registrations; None where the configuration switches it off."""
    if not configuration.health.registration_every:
        return None
    return DriftProbe(
        dataverse=dataverse,
        configuration=configuration,
        environ=environ,
        address=address,
        clock=clock,
        finance_operations=finance_operations if configuration.health.finance_operations else None,
    )


def platform_probe(
    *, http: "httpx.AsyncClient", tokens: Tokens, dataverse: Dataverse, settings: Health, clock: Clock
) -> PlatformProbe | None:
    """Put together what asks the platform; None where the configuration switches it off."""
    if not settings.platform:
        return None
    client = PowerPlatform(http, tokens, dataverse, clock=clock)
    return PlatformProbe(client=client, clock=clock, within=settings.ask_within.total_seconds())

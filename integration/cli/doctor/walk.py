"""Walk the steps for the organizations of a configuration, for one of them, or for any at a URL."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from integration.cli.addressed import address_of, given_name, named_in, organization_at
from integration.cli.caller import Choice
from integration.cli.doctor import app, beyond, look, ours, own_side, package
from integration.cli.doctor.asking import attempt
from integration.cli.doctor.examine import Examined, examine, judge_configuration, verdict_of
from integration.cli.doctor.given import Given
from integration.cli.doctor.given import look as look_at_given
from integration.cli.doctor.hosts import unreached
from integration.cli.doctor.registry import ORDER, STEPS
from integration.cli.doctor.settings import judge_url
from integration.cli.doctor.step import CONFIGURATION, Finding, skipped
from integration.config import Checked, Configuration
from integration.config.settings.settings import Environ
from integration.dataverse import open_http_client
from integration.errors import LinkUnknown
from integration.registration.business_events.wanted import wanted_endpoints

if TYPE_CHECKING:
    from integration.config.keys.model import Organization


NOT_OF_AN_ORGANIZATION = frozenset(step.name for step in (CONFIGURATION, *ours.STEPS, *package.STEPS, *app.STEPS))
OWN = "our own side"
"""What reports call it, where they name organizations; none has a blank in its name."""


class Walked(msgspec.Struct, frozen=True):
    """What was found.

    Args:
        configuration: Of the configuration as a whole.
        organizations: Of each organization.
        own: Of our own side.
    """

    configuration: tuple[Finding, ...]
    organizations: tuple[Examined, ...]
    own: tuple[Finding, ...]

    @property
    def ok(self) -> bool | None:
        """Whether nothing failed; None: it cannot be told."""
        return verdict_of(
            [*self.configuration, *(step for each in self.organizations for step in each.steps), *self.own]
        )

    def narrowed(self, names: frozenset[str]) -> "Walked":
        """Return the findings of these steps alone."""

        def of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
            return tuple(finding for finding in findings if finding.step in names)

        examined = (Examined(each.name, verdict_of(of(each.steps)), of(each.steps)) for each in self.organizations)
        return Walked(of(self.configuration), tuple(examined), of(self.own))

    def by_whom(self) -> Mapping[str, Sequence[Finding]]:
        """Return the findings by organization; those of the configuration by the empty name, ours by OWN."""
        organizations = {each.name: each.steps for each in self.organizations}
        return {"": self.configuration} | organizations | {OWN: self.own}


async def walk(  # noqa: PLR0913 (what is known, and what is asked for)
    said: str | None,
    environ: Environ,
    choice: Choice,
    *,
    checked: Checked,
    configuration: Configuration | None,
    given: Given,
    names: frozenset[str],
) -> Walked:
    """Walk the steps.

    Args:
        said: The name, URL or host of an organization; None: all that are configured.
        environ: The app settings.
        choice: What the command line says of who calls.
        checked: The configuration, with its problems.
        configuration: As much of it as the link needs; None: it cannot be read.
        given: What the command line names beside the organization.
        names: Of the steps that are asked for: who only has others is not asked.

    Raises:
        UnknownOrganization: It is a name that is not configured.
        InvalidRequest: It is an address, but no organization's.
    """
    found = named_in(configuration, said) if said is not None else None
    beside = await look_at_given(given, environ, configuration)
    if said is not None and found is None and not (configuration is None and "." not in said):
        walked = await _at_address(said, environ, choice, checked, configuration)
        return Walked(walked.configuration, walked.organizations, _together(walked.own, beside))
    judged = [judge_configuration(checked)]
    own: Sequence[Finding] = ()
    if not names.isdisjoint(step.name for step in ours.STEPS):
        own = await own_side.look(environ, configuration, sound=checked.configuration is not None)
    if configuration is None:
        return Walked((*judged, judge_url(None, checked.problems)), (), _together(own, beside))
    asked: Sequence[Organization] = [found] if found else tuple(configuration.organizations.values())
    if names <= NOT_OF_AN_ORGANIZATION:
        asked = ()
    wordings = configuration.health.wordings
    examined = [await examine(each, environ, wordings, choice, vaults_of(configuration, each.name)) for each in asked]
    return Walked(tuple(judged), tuple(examined), _together(own, beside))


def vaults_of(configuration: Configuration, organization: str) -> Mapping[str, Sequence[str]]:
    """Say which key vaults the endpoints that sources declare are to take their secrets from, by their names."""
    return {each.name.lower(): each.vaults for each in wanted_endpoints(configuration, organization)}


def _together(own: Sequence[Finding], beside: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return both in their order; where both have a step, what the command line names is meant."""
    found = {finding.step: finding for finding in (*own, *beside)}
    return tuple(sorted(found.values(), key=lambda finding: ORDER[finding.step]))


async def _at_address(
    said: str, environ: Environ, choice: Choice, checked: Checked, configuration: Configuration | None
) -> Walked:
    address = address_of(said, configuration, checked.problems)
    judged, own = (skipped(CONFIGURATION, "a URL needs none"),), own_side.without_configuration()
    async with open_http_client() as http:
        organization, error = await attempt(organization_at(http, *address))
    if organization is None:
        return Walked(judged, (_unreached(address[0], error),), own)
    return Walked(judged, (await examine(organization, environ, (), choice),), own)


def _unreached(host: str, error: LinkUnknown | None) -> Examined:
    why = error or LinkUnknown()
    rest = [
        skipped(step, "the host does not answer", beyond.HOST)
        for step in STEPS
        if step.name not in {beyond.HOST.name, *(each.name for each in look.STEPS), *NOT_OF_AN_ORGANIZATION}
    ]
    findings = (unreached(beyond.HOST, why), *rest, *look.yourself("the host does not answer", beyond.HOST))
    return Examined(given_name(host), verdict_of(findings), findings)

"""`fno-link register identity`: the managed identity of a plug-in, from the certificate that it is signed with."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
import msgspec

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_table, say
from integration.clouds import CLOUDS, CloudName
from integration.errors import InvalidRequest

if TYPE_CHECKING:
    from integration.identity.plugin_credential import PluginCredential
    from integration.operations.plugin_identity import Bound, Record, Step

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _Said(msgspec.Struct, frozen=True):
    """What the command line said."""

    organization: str
    application: str
    tenant: str
    environment: str
    cloud: CloudName
    bound: "Bound | None"
    apply: bool


@click.command()
@click.argument("organization", required=False, default="")
@click.option("--certificate", type=_FILE, required=True, help="That the plug-in is signed with: PEM, DER or PFX.")
@click.option("--password-file", type=_FILE, help="Holds the password of a PFX; empty for one without.")
@click.option("--application", metavar="ID", required=True, help="Client id of the identity.")
@click.option("--tenant", metavar="ID", default="", help="Its tenant; by default that of ORGANIZATION, by its id.")
@click.option("--environment", metavar="ID", default="", help="The Power Platform environment; by default asked for.")
@click.option("--cloud", type=click.Choice(list(CLOUDS)), default="public", help="Without ORGANIZATION: whose Entra.")
@click.option("--assembly", metavar="NAME", default="", help="The plug-in assembly that is bound to the identity.")
@click.option("--package", metavar="NAME", default="", help="The plug-in package, instead.")
@click.option("--apply", is_flag=True, help="Write the record and the binding; else they are only told.")
@json_option
def identity(  # noqa: PLR0913, PLR0917  # its options
    organization: str,
    certificate: Path,
    password_file: Path | None,
    application: str,
    tenant: str,
    environment: str,
    cloud: str,
    assembly: str,
    package: str,
    *,
    apply: bool,
    as_json: bool,
) -> None:
    """Compute the federated credential of a plug-in, and the record that Dataverse needs.

    ORGANIZATION is its name, URL or host in fno-link.toml. Without it nothing is asked: tenant and environment must be
    said. Exit codes: 0 said or written, 1 it cannot be written, with the reason, 2 wrong usage, 3 Dataverse is away.
    """
    from integration.identity.plugin_credential import read_certificate  # noqa: PLC0415 (loads cryptography)
    from integration.operations.plugin_identity import Bound  # noqa: PLC0415

    if assembly and package:
        msg = "say --assembly or --package, not both"
        raise click.UsageError(msg)
    if not organization and (apply or assembly or package):
        msg = "--apply, --assembly and --package are about an ORGANIZATION: name one"
        raise click.UsageError(msg)
    bound = None
    if assembly or package:
        bound = Bound("pluginassemblies", assembly) if assembly else Bound("pluginpackages", package)
    password = password_file.read_bytes().rstrip(b"\r\n") if password_file else None
    read = read_certificate(certificate.read_bytes(), password)
    said = _Said(organization, application, tenant, environment, cast("CloudName", cloud), bound, apply)
    credential, record, steps = asyncio.run(_settled(said, read)) if organization else _computed(said, read)
    if as_json:
        print_json({"credential": credential, "record": record, "steps": steps, "applied": apply})
    else:
        _print(credential, record, steps, apply=apply)
    if any(step.state in ("missing", "refused") for step in steps):
        click.get_current_context().exit(ExitCode.BAD)


def _computed(said: _Said, certificate: Any) -> "tuple[PluginCredential, Record, tuple[Step, ...]]":
    from integration.identity.plugin_credential import credential_of  # noqa: PLC0415
    from integration.operations.plugin_identity import wanted  # noqa: PLC0415
    from integration.power_platform.answers import is_environment_id  # noqa: PLC0415

    if not said.tenant or not said.environment:
        msg = "without an ORGANIZATION, say --tenant and --environment"
        raise click.UsageError(msg)
    if not is_environment_id(said.environment):
        msg = f"not the id of an environment: {said.environment[:80]!r}"
        raise InvalidRequest(msg)
    credential = credential_of(certificate, tenant=said.tenant, environment=said.environment, cloud=said.cloud)
    return credential, wanted(said.application, said.tenant, said.environment), ()


async def _settled(said: _Said, certificate: Any) -> "tuple[PluginCredential, Record, tuple[Step, ...]]":
    from integration.cli.probing import configured  # noqa: PLC0415 (the HTTP client and msal)
    from integration.config.settings.credentials import credentials  # noqa: PLC0415
    from integration.dataverse import Dataverse, open_http_client  # noqa: PLC0415
    from integration.identity import Tokens  # noqa: PLC0415
    from integration.links.tenants import Tenants  # noqa: PLC0415
    from integration.operations.plugin_identity import settle  # noqa: PLC0415
    from integration.power_platform import PowerPlatform  # noqa: PLC0415

    environ = app_settings()
    _, organization = configured(said.organization, environ)
    async with open_http_client() as http:
        tokens = Tokens(lambda each: credentials(environ, each.name))
        tenants = Tenants(http)
        try:
            dataverse = Dataverse(http, tokens)
            environment = said.environment or await PowerPlatform(http, tokens, dataverse).environment_id(organization)
            tenant = said.tenant or await tenants.id_of(organization)
            whole = msgspec.structs.replace(said, tenant=tenant, environment=environment, cloud=organization.cloud)
            credential, record, _ = _computed(whole, certificate)
            return credential, record, await settle(dataverse, organization, record, said.bound, apply=said.apply)
        finally:
            await tenants.aclose()
            await tokens.aclose()


def _print(credential: "PluginCredential", record: "Record", steps: "tuple[Step, ...]", *, apply: bool) -> None:
    print_table(
        ("federated credential", ""),
        [
            ("issuer", credential.issuer),
            ("subject", credential.subject),
            ("audience", credential.audience),
            ("certificate", f"{credential.certificate_subject}, {credential.kind}, ends {credential.expires}"),
        ],
    )
    print_table(("managedidentity", ""), [(name, str(each)) for name, each in msgspec.to_builtins(record).items()])
    for step in steps:
        verb = step.state if apply or step.state in ("unchanged", "missing", "refused") else f"would be {step.state}"
        say(f"{step.what}: {verb}{f': {step.why}' if step.why else ''}")
    if credential.kind == "self_signed":
        say("The certificate is self-signed: for development alone.", err=True)
    if credential.doubts:
        oids = ", ".join(credential.doubts)
        say(f"Compare with $cert.Issuer and $cert.Subject on Windows: how {oids} is written is not certain.", err=True)

"""`fno-link deploy kubernetes`: what a cluster runs, with KEDA, from fno-link.toml and the app settings."""

from pathlib import Path

import click

from integration.cli.app_settings import app_settings
from integration.cli.output import print_text
from integration.config import check
from integration.config.settings import settings
from integration.errors import ConfigurationError


@click.group()
def command() -> None:
    """Write what a platform runs, as it follows from the configuration."""


@command.command()
@click.option("--image", required=True, help="The image that the Dockerfile of fno-link builds, with its tag.")
@click.option("--identity", default="", metavar="CLIENT_ID", help="Of the identity that trusts the service account.")
@click.option("--namespace", default="fno-link", show_default=True, help="Of everything.")
@click.option("--file", type=click.Path(path_type=Path), help="The configuration. Default: FNO_LINK_CONFIG.")
def kubernetes(*, image: str, identity: str, namespace: str, file: Path | None) -> None:
    """Print manifests for Kubernetes with KEDA: `fno-link deploy kubernetes --image … | kubectl apply -f -`.

    One Deployment for HTTP, one for the timers, one for each queue, subscription or hub that is read, each with the
    functions that it runs and none besides. Connections by `X__accountName` and `X__fullyQualifiedNamespace` use the
    workload identity of --identity; connection strings and secrets are read from the Secret `fno-link`, whose keys the
    first lines name.

    Exit codes: 0 printed, 1 the configuration has problems.
    """
    from integration.cli.deploy.groups import groups_of  # noqa: PLC0415 - only this command needs it
    from integration.cli.deploy.manifests import Place, manifests  # noqa: PLC0415 (same)

    environ = app_settings()
    if file is not None:
        environ[settings.CONFIG] = str(file.absolute())
    checked = check(environ)
    if checked.configuration is None or checked.problems:
        raise ConfigurationError(checked.problems)
    text = Path(checked.configuration.file).read_text("utf-8")
    place = Place(image=image, namespace=namespace, identity=identity)
    print_text(manifests(groups_of(checked.configuration, environ), checked.configuration, text, environ, place))

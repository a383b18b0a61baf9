"""What the command line names beside an organization: the package that is deployed, the app that is."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from integration.cli.doctor import app, package
from integration.cli.doctor.step import Finding
from integration.cli.remote import App
from integration.config import Configuration
from integration.config.settings.settings import Environ


class Given(msgspec.Struct, frozen=True):
    """What the command line names.

    Args:
        package: A folder or a zip; None: it names none.
        app: A deployed app; None: it names none.
    """

    package: Path | None = None
    app: App | None = None


async def look(given: Given, environ: Environ, configuration: Configuration | None) -> Sequence[Finding]:
    """Look at what is named; what is not is skipped.

    Args:
        given: What the command line names.
        environ: The app settings.
        configuration: The one of here; None: there is none.

    Returns:
        A finding for each step; of a package one for its host.json, too.
    """
    packaged = package.without_package() if given.package is None else await package.look(given.package, environ)
    deployed = app.without_app() if given.app is None else await app.look(given.app, environ, configuration)
    return (*packaged, *deployed)

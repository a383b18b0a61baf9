"""The configuration and the app settings that one has: which file, and what is set where."""

import os
from pathlib import Path

import msgspec

from emulation.failure import BAD, Failed
from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import LOCAL_SETTINGS, local_settings

CONFIG = "FNO_LINK_CONFIG"
DEFAULT = "fno-link.toml"
_LONGEST = 4096


class Given(msgspec.Struct, frozen=True):
    """What a run begins with.

    Args:
        configuration: The file, absolute.
        file: local.settings.json, absolute, whether it is there or not.
        local: Its values.
        environ: The environment, which wins over them.
    """

    configuration: Path
    file: Path
    local: dict[str, str]
    environ: dict[str, str]

    @property
    def settings(self) -> dict[str, str]:
        """The app settings in force."""
        return {**self.local, **self.environ}


def given(config: str | None, folder: Path | None = None) -> Given:
    """Find the configuration and read the app settings.

    local.settings.json is that of the current folder, as for every command and for `func start`; where there is none,
    that beside the configuration.

    Args:
        config: The file named on the command line; None: the one that FNO_LINK_CONFIG names, else fno-link.toml.
        folder: Another than the current one.

    Raises:
        Failed: There is no such file, or local.settings.json cannot be read.
    """
    environ = dict(os.environ)
    here = (folder or Path.cwd()) / LOCAL_SETTINGS
    local = _values(here)
    named = config or environ.get(CONFIG, "").strip() or local.get(CONFIG, "").strip() or DEFAULT
    configuration = _file(named)
    beside = configuration.parent / LOCAL_SETTINGS
    file = beside if not here.exists() and beside.exists() else here
    return Given(configuration, file, local if file == here else _values(beside), environ)


def _file(named: str) -> Path:
    try:
        path = Path(named).absolute()
        if len(named) < _LONGEST and path.is_file():
            return path
    except (OSError, ValueError):
        pass
    shown = named if len(named) <= 200 else f"{named[:200]}…"  # noqa: PLR2004 (a line)
    msg = f"there is no file {shown}"
    raise Failed("NoConfiguration", msg, "Name one by --config, or let `fno-link init` write it.", exit_code=2)


def _values(path: Path) -> dict[str, str]:
    try:
        return local_settings(path)
    except (HostError, OSError) as error:
        said = f"{path} cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise Failed(
            "WrongSettings", said, "It is JSON; local.settings.sample.json shows its form.", exit_code=BAD
        ) from error

"""Azurite's own installation, made from the locked package.json at first use."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

PACKAGE = Path(__file__).parent
FILES = ("package.json", "package-lock.json")
CACHE_VARIABLE = "FNO_LINK_CACHE"
SCRIPT = Path("node_modules", "azurite", "dist", "src", "azurite.js")


class AzuriteMissing(RuntimeError):
    """Azurite cannot be run here; the message says what to install."""


def node() -> str:
    """Return the path of Node.js, on which Azurite runs.

    Raises:
        AzuriteMissing: Node.js is not on PATH.
    """
    return _tool("node")


def cache_folder() -> Path:
    """Return the folder for what is downloaded once per user; `FNO_LINK_CACHE` overrides it."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "fno-link" if base else Path.home() / ".cache" / "fno-link"


def installed_script() -> Path:
    """Return the path of `azurite.js`, installing the locked packages first where that has not happened yet.

    Safe to call from several processes at once: one installs, the others wait.

    Raises:
        AzuriteMissing: Node.js or npm is not on PATH, or npm could not install.
    """
    lock_hash = hashlib.sha256(b"".join((PACKAGE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = cache_folder() / f"azurite-{lock_hash}"
    script = folder / SCRIPT
    if script.exists():
        return script
    npm = _tool("npm")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not script.exists():
                _install(npm, folder)
    except OSError as error:
        msg = f"Azurite cannot be installed into {folder}: {error}. Set {CACHE_VARIABLE} to a writable folder."
        raise AzuriteMissing(msg) from error
    return script


def _install(npm: str, folder: Path) -> None:
    print(f"Installing Azurite into {folder} (365 MB, half a minute, only this once) …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(
        prefix=f"{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True
    ) as partial:
        for name in FILES:
            shutil.copyfile(PACKAGE / name, Path(partial, name))
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, cwd=partial, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = "\n".join(done.stderr.splitlines()[-20:])
            msg = f"npm could not install Azurite (exit code {done.returncode}); is a registry reachable?\n{reason}"
            raise AzuriteMissing(msg)
        # A rename is atomic: an installation that was interrupted never looks complete.
        Path(partial).rename(folder)
    print("Azurite is installed.", file=sys.stderr, flush=True)


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        msg = (
            f"{name} is not on PATH, and Azurite (the storage emulator) needs Node.js 20 or later with npm. "
            "Install both: 'apt-get install nodejs npm' on Debian and Ubuntu, 'brew install node' on macOS, "
            "'winget install OpenJS.NodeJS.LTS' on Windows."
        )
        raise AzuriteMissing(msg)
    return path

"""Programs of Node that tests run, with the packages of their lock file."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from emulation.azurite.installation import cache_folder


def installed(folder: Path, program: str) -> Path:
    """Install the locked packages of a folder once per user.

    Args:
        folder: With package.json, package-lock.json and the program.
        program: Name of the file that is run.

    Returns:
        A folder that has the program and, beside it, its packages.
    """
    files = ["package.json", "package-lock.json", program]
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in files)).hexdigest()[:16]
    place = cache_folder() / f"{folder.name.replace('_', '-')}-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as partial:
                for name in files:
                    shutil.copyfile(folder / name, Path(partial, name))
                command = [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
                done = subprocess.run(command, cwd=partial, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
                Path(partial).rename(place)
    return place

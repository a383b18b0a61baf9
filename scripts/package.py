"""Put the app's pinned packages where the Functions worker looks for them, before the folder is zipped.

    uv run --no-project python scripts/package.py                   fill .python_packages
    uv run --no-project python scripts/package.py --target FOLDER   fill another folder

Wheels for Linux and Python 3.13 whatever machine this is, each with a hash of requirements.txt. Source: the page
"Python build options for Azure Functions" (packages in .python_packages/lib/site-packages).
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / ".python_packages" / "lib" / "site-packages"
PLATFORM = "x86_64-manylinux_2_28"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--target", type=Path, default=TARGET, help="folder to fill; what is there is deleted first")
    target = parser.parse_args().target
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not on the PATH: pip install uv")
    shutil.rmtree(target, ignore_errors=True)
    version = (ROOT / ".python-version").read_text().strip()
    wheels = ["--only-binary", ":all:", "--python-platform", PLATFORM, "--python-version", version]
    command = [uv, "pip", "install", "--quiet", "--require-hashes", *wheels, "--target", str(target)]
    done = subprocess.run([*command, "--requirements", str(ROOT / "requirements.txt")], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"the packages of requirements.txt could not be installed into {target}; uv says why above")
    # Console scripts that name this machine's Python; the worker runs none.
    shutil.rmtree(target / "bin", ignore_errors=True)
    print(f"packages are in {target}")


if __name__ == "__main__":
    main()

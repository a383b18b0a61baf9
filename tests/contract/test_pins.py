"""What the functions build installs is what the pins resolve to."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_the_requirements_of_the_functions_build_are_what_the_pins_resolve_to():
    assert shutil.which("uv"), "uv is not on the PATH: pip install uv"
    command = [sys.executable, "scripts/pin.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, f"the pins cannot be checked, or have drifted:\n{done.stdout}{done.stderr}"
    assert "pins agree" in done.stdout

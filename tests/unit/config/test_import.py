"""Importing the configuration imports no third party but msgspec."""

import subprocess
import sys


def test_importing_the_configuration_costs_no_third_party_but_msgspec():
    code = "import sys, integration.config; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split()) - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith(("_", "sitecustomize"))} <= {
        "integration",
        "msgspec",
        "typing_extensions",
    }

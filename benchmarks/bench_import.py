"""What importing function_app costs beside azure.functions alone: cold starts pay it.

Each import runs in a fresh interpreter with warm byte code and a warm disk; measured is the processor time of the
import statement, not the start of the interpreter, and not what other programs on the machine take meanwhile.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Row, row

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys, time
start = time.process_time()
__import__(sys.argv[1])
took = time.process_time() - start
app = sys.modules.get("function_app")
assert app is None or len(app.app.get_functions()) > 10, "the app has registered its problems instead of its triggers"
print(took)
"""
SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "FNO_LINK_CONTOSO_CLIENT_ID": "0a1b2c3d-0000-4000-8000-00000000de40",
    "FNO_LINK_CONTOSO_CLIENT_SECRET": "secret",
    "CUSTOMERS_URL": "https://customers.example/",
    "CUSTOMERS_SECRET": "whsec_c2VjcmV0",
    "SERVICE_BUS_ENABLED": "false",
}


def rows(*, quick: bool = False) -> list[Row]:
    rounds = 3 if quick else 15
    with TemporaryDirectory() as cache:
        environ = {**os.environ, **SETTINGS, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(ROOT)}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        names = ["azure.functions", "function_app"]
        samples: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(-1, rounds):
            for name in names if turn % 2 else reversed(names):
                took = _import(name, environ)
                if turn >= 0:  # the first writes the byte code
                    samples[name].append(took * 1000)
    base = samples["azure.functions"]
    return [
        row("importing azure.functions", base, "ms"),
        row(
            "importing function_app",
            samples["function_app"],
            "ms",
            base=base,
            against="importing azure.functions alone",
            budget=1.2,
        ),
    ]


def _import(name: str, environ: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)

"""No library speaks below WARNING, whichever its logger: the worker would forward it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Imports whatever the app can import, as its first invocations do little by little.
ALL = """
import importlib, importlib.metadata as metadata, logging, os, pkgutil, re, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
sys.stdin = open(os.devnull)
pinned = re.findall(r"^([A-Za-z0-9._-]+)==", Path("requirements.txt").read_text(), re.M)
tops = set()
for name in pinned:
    try:
        files = metadata.files(name) or ()
    except metadata.PackageNotFoundError:
        continue
    tops |= {file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1}
    tops |= {file.stem for file in files if file.suffix == ".py" and len(file.parts) == 1}
tops = {"azure.core", "azure.data.tables", "azure.servicebus", "azure.storage.blob", "azure.storage.queue"} | (
    {top for top in tops if top.isidentifier() and top != "azure"})
for top in sorted(tops):
    try:
        module = importlib.import_module(top)
    except Exception:
        continue
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{top}.", onerror=lambda _: None):
        if not re.search(r"__main__|_test|\\.tests|ipython|bench", found.name):
            try:
                importlib.import_module(found.name)
            except BaseException:
                pass
import integration.worker
logging.getLogger().setLevel(logging.DEBUG)
import function_app
ours = ("fno_link", "integration", "azure.functions", "proxy_worker")
loud = {name for name in logging.root.manager.loggerDict
        if logging.getLogger(name).isEnabledFor(logging.INFO) and not name.startswith(ours)}
# A parent without records of its own; its children are judged themselves.
print(len(logging.root.manager.loggerDict), sorted(loud - {"azure"}))
"""


def test_every_library_that_the_app_can_import_is_quiet():
    done = subprocess.run(
        [sys.executable, "-c", ALL], cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count, _, loud = done.stdout.strip().splitlines()[-1].partition(" ")
    assert int(count) > 60
    assert loud == "[]"

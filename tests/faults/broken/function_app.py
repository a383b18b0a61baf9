"""The product with one piece broken, as the functions host runs it."""

import importlib
import os

from integration.functions.app import build
from tests.faults import broken

for patch in importlib.import_module(f"tests.faults.broken.{os.environ[broken.SETTING]}").PATCHES:
    patch.apply()
app = build(os.environ)

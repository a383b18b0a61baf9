"""The triggers of fno-link; everything else lives in integration/."""

import os

from integration.functions.app import build

app = build(os.environ)

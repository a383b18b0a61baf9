"""Builds that lose or repeat events on purpose: the suite must catch each of them.

Nothing in the product can switch its safety off; these replace pieces of it from outside, in the process of a host.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.faults.evidence import Fault

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SETTING = "FAULTY_BUILD"
BUILDS: Mapping[str, Fault] = {
    "claim_off": "host_kill",
    "acknowledges_first": "host_kill",
    "drops_retries": "host_kill",
    "refusal_is_success": "transaction_refused",
    "unanswered_is_refused": "transaction_unanswered",
    "acknowledges_unwritten": "transaction_refused",
}
"""Each with a fault that brings it to light: a process that never dies loses nothing by acknowledging early."""


class Patch(msgspec.Struct, frozen=True):
    """One piece of the product that is replaced: `owner.name` by what `make` makes of it."""

    owner: Any
    name: str
    make: Callable[[Any], Any]

    def apply(self) -> None:
        """Replace it for the rest of the process."""
        setattr(self.owner, self.name, self.replacement())

    def replacement(self) -> Any:
        """Make what takes its place."""
        return self.make(getattr(self.owner, self.name))


def app(folder: Path) -> Path:
    """Make the folder of the function app; the app setting `FAULTY_BUILD` says which build it is."""
    made = folder / "broken-app"
    made.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "function_app.py", made)
    shutil.copy(ROOT / "host.json", made)
    return made

"""The sample messages, with ids and times of their own each time."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from emulation.sending.renewing import at, renewed

FOLDER = Path(__file__).parents[1] / "samples"
# The organization that the samples come from.
ORGANIZATION_ID = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"


def names() -> tuple[str, ...]:
    """Return the names of the samples."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def sample(name: str, organization_id: str = "") -> bytes:
    """Return a sample as it would be sent now.

    Args:
        name: One of `names`.
        organization_id: The OrganizationId that it comes from; empty: as it is written.
    """
    text = (FOLDER / f"{name}.json").read_text("utf-8")
    if organization_id:
        text = text.replace(ORGANIZATION_ID, organization_id)
    return fresh(text)


def fresh(text: str) -> bytes:
    """Give a message new ids, and let it happen now.

    Args:
        text: The message.
    """
    new, _ = renewed(text, lambda: str(uuid.uuid4()))
    return at(new, datetime.now(UTC)).encode()

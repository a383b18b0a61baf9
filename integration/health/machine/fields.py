"""What a field of a stored record may hold: a row that a hand has changed is set aside, and not believed."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

type Instant = Annotated[datetime, Meta(tz=True)]
"""With its offset: others cannot be compared."""
type Count = Annotated[int, Meta(ge=0, le=2**53)]
type Bits = Annotated[int, Meta(ge=0)]
type Width = Annotated[int, Meta(ge=0, le=64)]

"""The form in which a trigger takes a body."""

import azure.functions as func

BYTES = func.DataType.BINARY
"""How every trigger on a queue, bus or hub takes a body: as it came.

Bound as text, which is the default, what is not UTF-8 would be lost, and the host would copy the members of a JSON text
over the trigger's metadata, on which Microsoft's converters then fail (`State`, `SequenceNumber`, `ExpirationTime`).
Source: `Utility.ApplyBindingData` of the Functions host.
"""

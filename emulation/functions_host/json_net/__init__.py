"""JSON as Newtonsoft's Json.NET reads and writes it by default, which the host and its Event Grid extension use.

It is not faithful: text that looks like a date becomes one and is written another way, and every number with a point
goes through a double. Sources: "Serializing Dates in JSON" and "Parsing JSON" of the Json.NET documentation;
`DateTimeUtils`, `DateTimeParser` and `JsonConvert` in Newtonsoft.Json 13. What Json.NET takes beyond JSON (comments,
single quotes, names without quotes) is not taken here.
"""

from emulation.functions_host.json_net.reading import parse
from emulation.functions_host.json_net.writing import as_string, written

__all__ = ["as_string", "parse", "written"]

"""The libraries' loggers.

The Functions worker sets the root logger to INFO and forwards every record under one category, so host.json cannot tell
a library's records from ours (`proxy_worker/dispatcher.py` in azure-functions-python-worker). At INFO httpx writes each
URL with its query, keys and signatures included, and azure-core several lines for each request and answer.
"""

import logging

# Every top-level logger of the packages in requirements.txt (a test looks for more), but `azure.functions`: that one is
# the worker's own, and what it says goes to Microsoft, not into the app's telemetry.
LIBRARIES = (
    "aiohttp",
    "asyncio",
    "azure.core",
    "azure.data",
    "azure.servicebus",
    "azure.storage",
    "charset_normalizer",
    "concurrent",
    "httpcore",
    "httpx",
    "markdown_it",
    "msal",
    "opentelemetry",
    "requests",
    "uamqp",
    "urllib3",
)


def quieten() -> None:
    """Let libraries speak at WARNING and above only, whatever level the root logger has."""
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)

"""The worker's own queues and containers."""

EVENTS = "fno-link-events"
RETRIES = "fno-link-retries"
PAYLOADS = "fno-link-payloads"

"""What the stage is configured with: organizations, clients, sources, targets, and routes by type."""

import json
import string

# The last one has an application of its own: a test empties it, and sets it up.
ORGANIZATIONS = ("contoso", "watched", "asked", "parking", "moving", "fresh")
FRESH_APP = "0a1b2c3d-0000-4000-8000-0000000000e9"

HEAD = """
[journal]
lease = "10s"

[cache]
refreshes_per_minute = 10000
not_linked_for = "1s"
share_check = "1s"

[delivery]
retry_after = ["1s", "1s"]

[health]
schedule = "0 0 0 1 1 *"
failure_threshold = 2
success_threshold = 2

[sources.small]
kind = "http"
organization = "contoso"
max_body = 200

[sources.erp-queue]
kind = "storage_queue"
organization = "contoso"
queue = "erp-in"

[targets.archive]
kind = "storage_queue"
queue = "archive"

[targets.operators]
kind = "storage_queue"
queue = "operators"

[targets.structured]
kind = "webhook"
url = "%RECEIVERS%/structured"
secret = "%SECRET%"

[targets.binary]
kind = "webhook"
url = "%RECEIVERS%/binary"
secret = "%SECRET%"
mode = "binary"

[targets.raw]
kind = "webhook"
url = "%RECEIVERS%/raw"
body = "raw"

[targets.flaky]
kind = "webhook"
url = "%RECEIVERS%/flaky?sig=canary-of-a-webhook"
timeout = "1s"

[targets.fragile]
kind = "webhook"
url = "%RECEIVERS%/fragile"
retry_after = ["1s", "1s", "1s", "1s"]
breaker = { failures = 2, open_for = "8s" }

[targets.batched]
kind = "webhook"
url = "%RECEIVERS%/batched"
secret = "%SECRET%"
mode = "batch"

[targets.shy]
kind = "webhook"
url = "%RECEIVERS%/shy"
validate = true
origin = "fno-link.example"
retry_after = ["1s", "1s", "1s", "1s", "1s", "1s", "1s", "1s"]

[[routes]]
name = "alerts"
event_types = ["fno-link.*"]
target = "operators"
"""
BY_TYPE = {
    "archive": ("ArchiveBusinessEvent", "account.*", "contact.*", "mserp_*"),
    "structured": ("StructuredBusinessEvent", "com.example.*", "account.*"),
    "binary": ("BinaryBusinessEvent", "com.example.*"),
    "raw": ("RawBusinessEvent",),
    "flaky": ("FlakyBusinessEvent",),
    "fragile": ("FragileBusinessEvent",),
    "batched": ("com.batched.*",),
    "shy": ("ShyBusinessEvent",),
}
LINKLESS = frozenset({"raw", "flaky", "fragile", "batched", "shy"})


def configuration() -> str:
    """Write the configuration: organizations and their HTTP sources of the same name, targets, routes by type."""
    parts = [
        f'[[organizations]]\nname = "{name}"\nurl = "https://{name}.crm.dynamics.com"\n'
        f'tenant = "contoso.onmicrosoft.com"\n[sources.{name}]\nkind = "http"\norganization = "{name}"\n'
        for name in ORGANIZATIONS
    ]
    parts += [f'[sources.{letter}]\nkind = "http"\norganization = "asked"\n' for letter in string.ascii_lowercase]
    for target, types in BY_TYPE.items():
        needs = "false" if target in LINKLESS else "true"
        parts.append(
            f'[[routes]]\nname = "to-{target}"\nevent_types = {json.dumps(types)}\ntarget = "{target}"\n'
            f"requires_link = {needs}\n"
        )
    return "\n".join([*parts, HEAD, CLIENTS])


def home(organization: str) -> str:
    """Return the URL of the environment that an organization is linked to at the start."""
    return f"https://{organization}.operations.dynamics.com"


OWN_APP = "0a1b2c3d-0000-4000-8000-0000000000e4"
PORTAL, OPERATOR, NOBODY = (f"0a1b2c3d-0000-4000-8000-0000000000e{number}" for number in (5, 6, 7))
API = "api://fno-link"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENTS = f"""
[entra]
tenant = "{TENANT}"
audiences = ["{API}", "{OWN_APP}"]
[[clients]]
name = "portal"
app_id = "{PORTAL}"
organizations = ["contoso"]
[[clients]]
name = "operator"
app_id = "{OPERATOR}"
all_organizations = true
"""
ROLES = ("link.read", "events.read", "events.replay", "operations.write")

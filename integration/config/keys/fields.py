"""The kinds of text and number that fno-link.toml holds, with what each must look like.

An annotation's `extra` tells the reader more than the type does: `hint` (what to write instead), `refers_to` (the table
whose names are allowed), `check` (a function of `checks`), `secret` (never shown), `keep_out` (belongs into an app
setting), `setting_only` (is refused elsewhere), `unset` (stays
as it is written where its app setting is not set).
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta

type JsonObject = dict[str, Any]

type Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
        extra={"hint": "1 to 40 of a-z, 0-9 and -, neither beginning nor ending with -"},
    ),
]
type OptionalName = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)?$",
        extra={"hint": "1 to 40 of a-z, 0-9 and -, neither beginning nor ending with -; or leave it out"},
    ),
]
type OrganizationName = Annotated[str, Meta(extra={"refers_to": "organizations"})]
type SourceName = Annotated[str, Meta(extra={"refers_to": "sources"})]
type TargetName = Annotated[str, Meta(extra={"refers_to": "targets"})]
type OrganizationUrl = Annotated[str, Meta(extra={"check": "organization_url"})]
type WebhookUrl = Annotated[str, Meta(extra={"check": "webhook_url"})]
type WorkflowUrl = Annotated[str, Meta(extra={"check": "workflow_url", "secret": True, "setting_only": True})]
type Schedule = Annotated[str, Meta(extra={"check": "schedule"})]
type QueueName = Annotated[
    str,
    Meta(
        pattern=r"^(?!fno-link-)(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        extra={
            "hint": "3 to 63 of a-z, 0-9 and single -, beginning and ending with a letter or digit; "
            "names that begin with fno-link- are fno-link's own"
        },
    ),
]
type SourceQueueName = Annotated[
    str,
    Meta(
        pattern=r"^(?!fno-link-)(?!.*--)[a-z0-9][a-z0-9-]{1,54}[a-z0-9]$",
        extra={
            "hint": "3 to 56 of a-z, 0-9 and single -, beginning and ending with a letter or digit (63 less -poison); "
            "names that begin with fno-link- are fno-link's own"
        },
    ),
]
type Connection = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]*$",
        extra={
            "hint": "the name, or the prefix, of an app setting; never the connection string itself",
            "secret": True,
        },
    ),
]
type EntityName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?)?$",
        extra={"hint": "1 to 260 of letters, digits and . _ - /, beginning and ending with a letter or digit"},
    ),
]
type SubscriptionName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?)?$",
        extra={"hint": "1 to 50 of letters, digits and . _ -, beginning and ending with a letter or digit"},
    ),
]
type HubName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,254}[A-Za-z0-9])?$",
        extra={"hint": "1 to 256 of letters, digits and . _ -, beginning and ending with a letter or digit"},
    ),
]
type ConsumerGroup = Annotated[
    str,
    Meta(
        pattern=r"^(\$Default|[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?)$",
        extra={"hint": "$Default, or 1 to 50 of letters, digits and . _ -"},
    ),
]
type Template = Annotated[str, Meta(max_length=1024)]
type TopicEndpoint = Annotated[str, Meta(extra={"check": "topic_endpoint"})]
type AccessKey = Annotated[
    str,
    Meta(
        pattern=r"^[ -~]*$",
        extra={"secret": True, "keep_out": True, "hint": "the topic's access key, from an app setting: %SETTING%"},
    ),
]
type Tenant = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,})$",
        extra={"hint": "a domain (contoso.onmicrosoft.com) or the tenant's id"},
    ),
]
type OptionalGuid = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$",
        extra={"hint": "32 hexadecimal digits as 8-4-4-4-12; leave it out to ask WhoAmI"},
    ),
]
type HostSuffix = Annotated[
    str,
    Meta(
        pattern=r"^(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}$",
        extra={"hint": "a dot and at least two labels in lower case: .operations.contoso.com"},
    ),
]
type Origin = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+)?$",
        max_length=253,
        extra={"hint": "a DNS name without a scheme: fno-link.contoso.com"},
    ),
]
type VaultHost = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}$",
        extra={"hint": "the vault's host in lower case, without a scheme: contoso.vault.azure.net"},
    ),
]
type Secret = Annotated[
    str,
    Meta(
        pattern=r"^(whsec_[A-Za-z0-9+/]+=*)?$",
        extra={"secret": True, "keep_out": True, "hint": "whsec_ and base64, from an app setting: %SETTING%"},
    ),
]
type SecretText = Annotated[str, Meta(extra={"secret": True})]
type Text = Annotated[str, Meta(min_length=1, max_length=256)]
type Threshold = Annotated[int, Meta(ge=1, le=1000)]
type OutOf = Annotated[int, Meta(ge=1, le=64)]
type ChangeCount = Annotated[int, Meta(ge=0, le=60)]
type Factor = Annotated[float, Meta(ge=1, le=10)]
type Days = Annotated[int, Meta(ge=0, le=365)]
type AddedCount = Annotated[int, Meta(ge=1, le=1_000_000)]
type Concurrency = Annotated[int, Meta(ge=1, le=256)]
type Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
type Day = date
type ClockTime = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", extra={"hint": 'a time of day in quotes: "02:00" to "23:59"'})
]
type Zone = Annotated[str, Meta(extra={"check": "zone"})]
type PingUrl = Annotated[str, Meta(extra={"check": "ping_url"})]
type PageUrl = Annotated[str, Meta(extra={"check": "page_url"})]
type Wording = Annotated[str, Meta(min_length=1, max_length=256, extra={"check": "wording"})]
type StepId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        extra={"hint": "the id of an sdkmessageprocessingstep: 32 hexadecimal digits as 8-4-4-4-12"},
    ),
]
type Percent = Annotated[int, Meta(ge=1, le=100)]
type ControlNumber = Annotated[int, Meta(ge=1, le=2**63 - 1)]
type OperationPath = Annotated[
    str,
    Meta(
        pattern=r"^/(api/services/[^/?#\\\s]+/[^/?#\\\s]+/[^/?#\\\s]+|data/[^#\\\s]+)$",
        extra={"hint": "/api/services/GROUP/SERVICE/OPERATION, or /data/… for an OData action"},
    ),
]
type MemberName = Annotated[
    str, Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", extra={"hint": "the name of a JSON member, such as _request"})
]
type MemberPath = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,7})?$",
        extra={"hint": "names of JSON members with dots between them, such as _request.MessageId"},
    ),
]
type HeaderName = Annotated[
    str,
    Meta(
        pattern=r"^([Xx]-[A-Za-z0-9-]{1,62}|[Ii]dempotency-[Kk]ey)?$",
        extra={"hint": "a header that begins with x-, or idempotency-key"},
    ),
]
type CallDepth = Annotated[int, Meta(ge=0, le=100)]
type Bytes = Annotated[int, Meta(ge=1, le=104_857_600)]

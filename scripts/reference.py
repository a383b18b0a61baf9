"""Write the reference pages that follow from the code: configuration, app settings, error codes, the JSON Schema.

uv run python scripts/reference.py           write docs/reference
uv run python scripts/reference.py --check   change nothing; exit 1 when a page is not what the code says
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from inspect import getdoc
from pathlib import Path
from typing import Any

import msgspec

from integration.cli.doctor.registry import STEPS
from integration.cli.doctor.step import whose
from integration.cli.exit_code import exit_code_of
from integration.config.keys.model import Document
from integration.config.reading.duration import format_duration
from integration.config.schema import key_docs, schema, schema_text
from integration.config.settings.settings import SETTINGS
from integration.errors import ConfigurationError, FnoLinkError
from integration.functions.http import rows
from integration.health.probes.codes import CODES
from integration.identity.aadsts import MEANINGS
from integration.web.openapi.document import document

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
MADE = "<!-- Written by scripts/reference.py from the code; change the docstrings there. -->\n"
TITLES = {
    "Organization": "`[[organizations]]`",
    "HttpSource": '`[sources.NAME]` with `kind = "http"`',
    "StorageQueueSource": '`[sources.NAME]` with `kind = "storage_queue"`',
    "ServiceBusSource": '`[sources.NAME]` with `kind = "service_bus"`',
    "EventGridSource": '`[sources.NAME]` with `kind = "event_grid"`',
    "EventHubSource": '`[sources.NAME]` with `kind = "event_hub"`',
    "Sender": "`[sources.NAME.dataverse]`",
    "Steps": "`[[sources.NAME.dataverse.steps]]`",
    "BusinessEvents": "`[sources.NAME.finance_operations]`",
    "Image": "`images` of `[sources.NAME.dataverse]`",
    "Registration": "`[registration]`",
    "Route": "`[[routes]]`",
    "StorageQueueTarget": '`[targets.NAME]` with `kind = "storage_queue"`',
    "WebhookTarget": '`[targets.NAME]` with `kind = "webhook"`',
    "ServiceBusTarget": '`[targets.NAME]` with `kind = "service_bus"`',
    "EventGridTarget": '`[targets.NAME]` with `kind = "event_grid"`',
    "FinanceOperationsTarget": '`[targets.NAME]` with `kind = "finance_operations"`',
    "TeamsTarget": '`[targets.NAME]` with `kind = "teams"`',
    "Cache": "`[cache]`",
    "Routing": "`[routing]`",
    "Delivery": "`[delivery]`",
    "Breaker": "`[delivery.breaker]`",
    "OwnBreaker": "`[targets.NAME.breaker]`",
    "Journal": "`[journal]`",
    "Health": "`[health]`",
    "Maintenance": "`[[health.maintenance]]`",
    "Escalation": "`[[health.escalation]]`",
    "StatusPage": "`[status]`",
    "Entra": "`[entra]`",
    "Client": "`[[clients]]`",
    "OwnThresholds": "`health` of `[[organizations]]`",
}
CONFIGURATION = """
One TOML file says what is connected to what: `fno-link.toml`, or the file that the app setting `FNO_LINK_CONFIG` names.
`fno-link config check` lists every problem at once; editors that know JSON Schema complete and check it by
`fno-link.schema.json` beside this page.

## What every value may be

- **Any text** may hold `%SETTING%`, also in the middle: the value of the app setting of that name. A percent sign is
  written `%%`. A setting that is not set, or whose Key Vault reference is not resolved, is a problem that names it.
- **true, false and numbers** may be given as `"%SETTING%"`, for example `enabled = "%ERP_ENABLED%"`. In filters, where
  a value may be of any type, a setting is always text.
- **Durations** are written `500ms`, `60s`, `15m`, `1h30m`, `14d`: the largest unit first.
- **Names** are 1 to 40 of `a-z`, `0-9` and `-`. Names of queues that begin with `fno-link-` are fno-link's own.
- **Secrets** do not belong into the file. Credentials of organizations are app settings only: [settings](settings.md).
- **connection** names an app setting, or the prefix of several, as bindings of Azure Functions do. An enabled source
  whose connection cannot be found is a problem.
"""
SETTINGS_PAGE = """
`<NAME>` is an organization's name in upper case with `-` as `_`: `contoso-eu` has `FNO_LINK_CONTOSO_EU_CLIENT_ID`.
`<CONNECTION>` is what a `connection` of fno-link.toml says. In Azure these are app settings of the function app, and
Key Vault references work by themselves. Locally they come from the environment, else from `Values` of
`local.settings.json`; `local.settings.sample.json` has all of them.
"""
ERRORS_PAGE = """
Every error has a stable code: it is in the `code` of problem details, dead letters, log records and of `--json` on the
command line. *Transient* errors may go away by trying again; fno-link does so by itself where it has accepted an event.
The exit code is that of a command that ends with the error.
"""
CHECKS_PAGE = """
An answer of the watch has the code of the error that its counterpart gave, or one of these.
"""
DOCTOR_PAGE = """
`fno-link doctor [ORGANIZATION]` walks these in this order; [the command](cli.md#fno-link-doctor-organization) has
options and forms. The page is Microsoft's "Enable the Microsoft Power Platform integration", April 2022 with its
settings script, and May 2023.

| outcome | meaning | exit code |
|---|---|---|
| `pass` | as it should be | 0 |
| `warn` | not as the page has it, but nothing of fno-link is broken by it | 0 |
| `fail` | it has to be mended: what to do stands beside it | 1 |
| `unknown` | the other side did not answer | 3, where nothing fails |
| `skipped` | not done: `because` names the check that has to pass first, or the message says why | 0 |

In SARIF `warn` and `fail` are results of kind `fail` with level `warning` and `error`, `unknown` is `open`, `skipped`
`notApplicable`. In JUnit's XML, which is valid by Jenkins' schema (junit-4.xsd), `fail` is a failure, `unknown` an
error, and `warn` passes.
"""
ENTRA_PAGE = """
They are the `remote_code` of `Unauthenticated` in an alert's facts. About `entra`: nothing of yours is wrong, it is
`Unreachable` and asked again. A code that is not here is a refusal, too.
"""


def plain(text: str) -> str:
    """Write `<NAME>` outside of code so that no page takes it for HTML, which shows nothing."""
    return "".join(
        part if code % 2 else part.replace("<", "&lt;") for code, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


def row(*cells: str) -> str:
    return "| " + " | ".join(plain(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind.cls
        for field in kind.fields:
            yield from structs(field.type)
    for name in ("type", "item_type", "value_type"):
        if hasattr(kind, name):
            yield from structs(getattr(kind, name))
    for each in getattr(kind, "types", ()):
        yield from structs(each)


def default_of(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "**required**"
    if field.default is msgspec.NODEFAULT:
        return "empty"
    return written(field.default)


def written(value: Any) -> str:  # noqa: PLR0911  # one case a type
    match value:
        case timedelta():
            return f"`{format_duration(value)}`"
        case bool():
            return f"`{str(value).lower()}`"
        case None:
            return "left out"
        case msgspec.Struct():
            return "see there"
        case "" | ():
            return "empty"
        case tuple():
            return ", ".join(written(item) for item in value)
        case _:
            return f"`{value}`"


def configuration() -> str:
    text = f"# The configuration\n\n{MADE}{CONFIGURATION}"
    definitions = schema()["definitions"]
    for cls in dict.fromkeys(structs(msgspec.inspect.type_info(Document))):
        if cls is Document:
            continue
        docs = key_docs(cls)
        text += f"\n## {TITLES[cls.__name__]}\n\n{(getdoc(cls) or '').splitlines()[0]}\n\n"
        text += row("key", "default", "what it says") + "|---|---|---|\n"
        for field in msgspec.structs.fields(cls):
            described = definitions[cls.__name__]["properties"].get(field.name)
            if described is None:
                continue
            allowed = [each["enum"] for each in described.get("anyOf", []) if "enum" in each]
            values = f" One of {', '.join(f'`{each}`' for each in allowed[0])}." if allowed else ""
            text += row(f"`{field.name}`", default_of(field), docs[field.name] + values)
    return text


def settings() -> str:
    text = f"# App settings\n\n{MADE}{SETTINGS_PAGE}\n" + row("setting", "whose", "secret", "what it says")
    text += "|---|---|---|---|\n"
    for setting in SETTINGS:
        text += row(f"`{setting.name}`", setting.owner, "yes" if setting.secret else "", setting.doc)
    return text


def errors() -> str:
    text = f"# Error codes\n\n{MADE}{ERRORS_PAGE}\n" + row("code", "meaning", "what to do", "transient", "exit code")
    text += "|---|---|---|---|---|\n"

    def every(base: type[FnoLinkError]) -> Iterator[type[FnoLinkError]]:
        yield base
        for child in base.__subclasses__():
            yield from every(child)

    for error in every(FnoLinkError):
        sample = ConfigurationError([]) if issubclass(error, ConfigurationError) else error()
        meaning = (getdoc(error) or "").splitlines()[0]
        code = str(int(exit_code_of(sample)))
        text += row(f"`{sample.code}`", meaning, error.hint, "yes" if error.transient else "", code)
    text += f"\n## Codes of health checks\n\n{CHECKS_PAGE}\n" + row("code", "meaning") + "|---|---|\n"
    for name, why in CODES.items():
        text += row(f"`{name}`", why)
    text += f"\n## Microsoft Entra's codes\n\n{ENTRA_PAGE}\n" + row("code", "about", "what is wrong", "what to do")
    text += "|---|---|---|---|\n"
    for name, meaning in MEANINGS.items():
        text += row(f"`{name}`", meaning.about, meaning.why, meaning.hint)
    return text


def doctor() -> str:
    text = f"# What the doctor checks\n\n{MADE}{DOCTOR_PAGE}"
    for step in STEPS:
        text += f"\n## `{step.name}`\n\n{step.title}.\n\n- **Asks**: {plain(step.asks)}\n"
        if step.needs:
            text += f"- **Skipped** unless these pass: {', '.join(f'`{name}`' for name in step.needs)}\n"
        text += f"- **What to do**: {plain(step.todo)}\n"
        if step.page:
            text += f"- **{whose(step.page)}**: {step.page}\n"
    return text


def openapi() -> str:
    return json.dumps(document(rows()), indent=1, ensure_ascii=False) + "\n"


PAGES = {
    "configuration.md": configuration,
    "settings.md": settings,
    "errors.md": errors,
    "doctor.md": doctor,
    "fno-link.schema.json": schema_text,
    "openapi.json": openapi,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on a difference")
    options = parser.parse_args()
    different = [
        name
        for name, page in PAGES.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text("utf-8") != page()
    ]
    if options.check and different:
        sys.exit(f"docs/reference: {', '.join(different)} are not what the code says; run scripts/reference.py")
    for name in () if options.check else different:
        (FOLDER / name).write_text(PAGES[name](), "utf-8")
    print(f"written: {', '.join(different)}" if different else "the reference pages agree with the code")


if __name__ == "__main__":
    main()

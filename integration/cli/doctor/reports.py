"""The doctor's findings in the forms that other tools read: SARIF 2.1.0 and JUnit's XML; pure.

Sources: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" of OASIS, sections 3.13, 3.18 to 3.20, 3.27
and 3.49; and jenkins-junit.xsd, Jenkins' schema by which JUnit 5 checks what it writes itself.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from integration.cli.doctor.registry import ORDER, STEPS
from integration.cli.doctor.step import Finding, Verdict
from integration.plain_text import plain

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
PAGE = "https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/power-platform/enable-power-platform-integration"
KINDS: dict[Verdict, tuple[str, str]] = {
    "pass": ("pass", "none"),
    "warn": ("fail", "warning"),
    "fail": ("fail", "error"),
    "unknown": ("open", "none"),
    "skipped": ("notApplicable", "none"),
}
"""`kind` and `level`: a level other than `none` goes with the kind `fail` alone."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

type ByWhom = Mapping[str, Sequence[Finding]]
"""Findings by organization; those of the configuration by the empty name."""


def as_sarif(found: ByWhom, version: str) -> dict[str, Any]:
    """Return findings as a SARIF log.

    Args:
        found: The findings.
        version: fno-link's.
    """
    rules = [
        {
            "id": step.name,
            "shortDescription": {"text": step.title},
            "fullDescription": {"text": step.asks},
            "help": {"text": f"{step.todo} {f'({step.page})' if step.page else ''}".strip()},
            **({} if step.page.startswith("docs/") else {"helpUri": PAGE}),
        }
        for step in STEPS
    ]
    results = [_result(name, finding) for name, findings in found.items() for finding in findings]
    driver = {"name": "fno-link doctor", "version": version, "rules": rules}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(name: str, finding: Finding) -> dict[str, Any]:
    kind, level = KINDS[finding.verdict]
    told = " ".join(filter(None, (finding.message, finding.todo))) or finding.title
    return {
        "ruleId": finding.step,
        "ruleIndex": ORDER[finding.step],
        "kind": kind,
        "level": level,
        "message": {"text": told},
        "locations": [{"logicalLocations": [{"name": name or "configuration", "kind": "resource"}]}],
    }


def as_junit(found: ByWhom) -> str:
    """Return findings as JUnit's XML: a suite for each organization, a case for each step."""
    suites = [_suite(name or "configuration", findings) for name, findings in found.items() if findings]
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>", ""))


def _suite(name: str, findings: Sequence[Finding]) -> str:
    counts = {verdict: sum(each.verdict == verdict for each in findings) for verdict in KINDS}
    head = (
        f'<testsuite name={_attribute(name)} tests="{len(findings)}" failures="{counts["fail"]}" '
        f'errors="{counts["unknown"]}" skipped="{counts["skipped"]}">'
    )
    return "\n".join((head, *(_case(name, finding) for finding in findings), "</testsuite>"))


def _case(suite: str, finding: Finding) -> str:
    head = f"<testcase classname={_attribute(suite)} name={_attribute(finding.step)}>"
    told = _lines(finding.title, finding.todo, finding.page)
    message = _attribute(finding.message)
    match finding.verdict:
        case "fail":
            inside = f'<failure message={message} type="fail">{told}</failure>'
        case "unknown":
            inside = f'<error message={message} type="unknown">{told}</error>'
        case "skipped":
            # Text, as JUnit itself writes it: the schema knows no attribute here.
            inside = f"<skipped>{_lines(finding.message, finding.todo, finding.page)}</skipped>"
        case _:
            told = _lines(f"{finding.verdict}: {finding.message}", finding.todo, finding.page)
            inside = f"<system-out>{told}</system-out>"
    return f"{head}{inside}</testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _lines(*texts: str) -> str:
    return escape("\n".join(_clean(text) for text in texts if text))


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("?", plain(text))

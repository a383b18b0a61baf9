"""The tour of the documents gives the commands and answers of the README's, which tests/e2e/test_tour.py plays."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TITLE = "## Your own first route, in five minutes"


def blocks(text: str) -> list[str]:
    return re.findall(r"```(?:sh|text)\n(.*?)```", text, re.DOTALL)


def test_the_documents_tour_begins_with_the_readmes():
    readme = (ROOT / "README.md").read_text("utf-8")
    played = blocks(readme[readme.index(TITLE) + len(TITLE) :].partition("\n## ")[0])
    assert [
        line for block in played for line in block.splitlines() if "fno-link" in line and line.startswith("uv")
    ] == [
        "uv run fno-link init",
        "uv run fno-link local",
        "uv run fno-link send --sample sales-order-confirmed --source erp --follow",
    ]
    assert blocks((ROOT / "docs" / "tour.md").read_text("utf-8"))[: len(played)] == played

"""The pictures in docs: each is small, is shown, and is told in words to who does not see it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*"))
PAGES = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
SHOWN = re.compile(r"!\[([^\]]*)\]\((?!https?://)([^)\s]+)\)")
LARGEST = 150_000


def shown():
    return [
        (page, " ".join(alt.split()), (page.parent / target).resolve())
        for page in PAGES
        for alt, target in SHOWN.findall(page.read_text("utf-8"))
    ]


def test_every_picture_that_a_page_names_is_there_and_is_told_in_words():
    assert len(shown()) >= 4
    for page, alt, file in shown():
        assert file.is_file(), f"{page.relative_to(ROOT)}: {file.name}; run scripts/pictures.py"
        assert len(alt) > 20, f"{page.relative_to(ROOT)}: {file.name} has no words"


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.name)
def test_a_picture_is_small_and_is_shown(file):
    assert file.read_bytes().startswith(b"\x89PNG\r\n")
    assert file.stat().st_size <= LARGEST
    assert file.resolve() in {named for _, _, named in shown()}

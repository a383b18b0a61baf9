"""Tests that share a world go to one worker process."""

import re
from pathlib import Path

from tests.spread import ONE_STAGE, Spread

ROOT = Path(__file__).parents[2]


class Bare(Spread):
    def __init__(self) -> None:
        """Nothing but the rule is asked."""


def test_the_files_of_the_stage_exist_and_are_one_and_others_are_alone():
    assert [file for file in ONE_STAGE if "stage" not in (ROOT / file).read_text("utf-8")] == []
    assert {Bare()._split_scope(f"{file}::test_x[a::b]") for file in ONE_STAGE} == {"the stage"}
    assert Bare()._split_scope("tests/e2e/test_demo.py::test_x") == "tests/e2e/test_demo.py"


def test_every_test_that_asks_for_the_one_stage_is_in_them():
    asks = re.compile(r"^(?:async )?def test_\w+\((?:[^)]*[ ,(])?stage[,)]", re.MULTILINE)
    users = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tests" / "e2e").glob("test_*.py")
        if asks.search(file.read_text("utf-8"))
    }
    assert users
    assert users <= ONE_STAGE

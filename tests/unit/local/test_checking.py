"""What is said of code that cannot be used."""

import subprocess

import pytest

from emulation.local.checking import Refused, compiles, load

TRACE = b"""Traceback (most recent call last):
  File "/app/function_app.py", line 5, in <module>
    import nothing
ModuleNotFoundError: No module named 'nothing'
"""


def test_what_is_wrong_with_an_app_that_cannot_be_imported_is_the_first_line():
    def failing(command, **_options):
        return subprocess.CompletedProcess(command, 1, b"", TRACE)

    with pytest.raises(Refused) as refused:
        load({}, failing)
    assert refused.value.problems[0] == "ModuleNotFoundError: No module named 'nothing'"
    assert any("function_app.py" in each for each in refused.value.problems[1:])


def test_a_file_that_cannot_be_compiled_is_told_with_its_line(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("fine = 1\ndef x(:\n")
    with pytest.raises(Refused, match=r"broken\.py, line 2"):
        compiles([broken, tmp_path / "gone.py", tmp_path / "fno-link.toml"])

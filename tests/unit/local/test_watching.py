"""What a change is taken for."""

from pathlib import Path

from emulation.app_folder import app_folder
from emulation.local.watching import touches_code


def test_only_the_code_of_the_app_is_imported_anew():
    app = app_folder()
    assert touches_code([Path("/own/fno-link.toml"), app / "integration" / "routing" / "table.py"])
    assert not touches_code([Path("/own/fno-link.toml"), app / "function_app.py", app / "host.json"])

"""One run at a time, and what is left of it."""

import stat

import pytest

from emulation.failure import Failed
from emulation.local.home import Home, State

STATE = State(
    pid=1, app="http://127.0.0.1:1", key="k", master_key="m", sources=(), organizations={}, urls={}, settings="s"
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "fno-link.toml")


def test_what_runs_is_known_to_others_and_only_while_it_runs(home):
    assert home.running() is None
    with home.taken(keep=False):
        home.say(STATE)
        assert home.running() == STATE
        assert stat.S_IMODE((home.folder / "state.json").stat().st_mode) == 0o600
    assert home.running() is None


def test_a_second_run_is_told_who_is_in_its_way(home, tmp_path):
    with home.taken(keep=False):
        home.say(STATE)
        with (
            pytest.raises(Failed, match=r"process 1, http://127\.0\.0\.1:1"),
            Home(tmp_path / "fno-link.toml").taken(keep=False),
        ):
            pass
        with Home(tmp_path / "other.toml").taken(keep=False):
            assert home.running() == STATE


def test_the_state_of_a_run_that_was_killed_counts_for_nothing(home):
    home.folder.mkdir(parents=True)
    home.say(STATE)
    (home.folder / "lock").touch()
    assert home.running() is None


@pytest.mark.parametrize("keep", [True, False])
def test_keep_keeps_all_but_the_state(home, keep):
    with home.taken(keep=keep):
        home.write("keys.json", {"master": "m"})
        (home.folder / "storage").mkdir()
        home.say(STATE)
    assert (home.kept("keys.json", dict[str, str]) == {"master": "m"}) is keep
    assert (home.folder / "storage").exists() is keep
    assert home.running() is None


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / ".fno-link").touch()
    with pytest.raises(Failed, match="cannot be written"), Home(tmp_path / "fno-link.toml").taken(keep=False):
        pass


def test_what_was_kept_and_is_broken_counts_for_nothing(home):
    home.folder.mkdir(parents=True)
    (home.folder / "keys.json").write_bytes(b"\xff{")
    assert home.kept("keys.json", dict[str, str]) is None

"""Which tests go to one worker process together: those that share a world, whose start costs more than the tests.

pytest-xdist groups by a suffix that it writes to node ids, and pytest 9.2 no longer lets it: with `--dist loadgroup`
every worker started every world. So the scheduler itself is told.
"""

from typing import override

from xdist.scheduler import LoadScopeScheduling

_NAMES = "clients delivery doctor entra intake link_and_health operations register senders status_page"
ONE_STAGE = frozenset(f"tests/e2e/test_{name}.py" for name in _NAMES.split())


class Spread(LoadScopeScheduling):
    """Hands out tests file by file; the files of the one end-to-end stage are handed out as one."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the stage" if file in ONE_STAGE else file

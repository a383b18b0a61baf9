"""The interpreters that wait with everything imported that a start of the app does not change.

One has the libraries. Another, forked from it, has the app's own code beside them, and is forked anew when that code
has changed. What runs is forked from the second: the app, and the checks before it.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from emulation.child import Running
from emulation.functions_host.libraries import LIBRARIES
from emulation.zygote import Zygote, ZygoteGone

LIBRARIES_OF_HOST = ("emulation.functions_host.fleet", *LIBRARIES)
CODE = ("integration.functions.app", "integration.worker")
"""What the script imports, and what its first invocation does; the script itself is what reads the configuration."""


class Warm:
    """Forks processes.

    Args:
        log: The file that takes what they write while they import.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._environ: dict[str, str] = {}
        self._libraries: Zygote | None = None
        self._code: Zygote | None = None

    def follow(self, environ: Mapping[str, str]) -> None:
        """Import under this environment: some libraries read it when they are imported.

        Args:
            environ: What it has beside this process's own.
        """
        if self._libraries is not None and self._libraries.alive and environ == self._environ:
            return
        self.close()
        self._environ = dict(environ)
        self._grow()

    def renew(self) -> None:
        """Import the app's code again: it has changed."""
        if self._code is not None:
            self._code.close()
            self._grow()

    def start(
        self,
        command: Sequence[str | Path],
        /,
        *,
        stdout: IO[bytes],
        env: Mapping[str, str] | None,
        cwd: Path | None,
        pass_fds: Sequence[int],
    ) -> Running:
        """Start a command of this interpreter (`emulation.child.Start`)."""
        return self._ask(lambda z: z.start(command, stdout=stdout, env=env, cwd=cwd, pass_fds=pass_fds))

    def complete(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: bytes, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command of this interpreter to its end (`emulation.fno_link.Complete`)."""
        return self._ask(lambda z: z.complete(command, env=env, cwd=cwd, stdin=stdin, seconds=seconds))

    def close(self) -> None:
        """End them; what they have forked goes on."""
        for each in (self._code, self._libraries):
            if each is not None:
                each.close()
        self._code = self._libraries = None

    def _ask[T](self, ask: Callable[[Zygote], T]) -> T:
        try:
            return ask(self._code or self._grow())
        except ZygoteGone:
            return ask(self._grow())

    def _grow(self) -> Zygote:
        try:
            if self._libraries is not None:
                self._code = self._libraries.grown(CODE)
                return self._code
        except ZygoteGone:
            self.close()
        self._libraries = Zygote.begin(LIBRARIES_OF_HOST, log=self._log, env={**os.environ, **self._environ})
        self._code = self._libraries.grown(CODE)
        return self._code

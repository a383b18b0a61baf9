"""A running Azurite: Storage blobs, queues and tables on loopback."""

import os
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import msgspec

from emulation.azurite.installation import PACKAGE, installed_script, node
from emulation.child import Child

# Public, fixed and documented: page "Use the Azurite emulator for local Azure Storage development".
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

# More accounts with the same key, so that programs with fixed queue names can share one Azurite undisturbed.
SPARE_ACCOUNTS = 1000
READY_WITHIN = 60.0
STOP_WITHIN = 5.0
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at https?://127\.0\.0\.1:(\d+)")


class Ports(msgspec.Struct, frozen=True):
    """Where Azurite listens on 127.0.0.1; 0 asks for a free port."""

    blob: int = 0
    queue: int = 0
    table: int = 0


class Azurite:
    """Azurite in a process of its own, ready once entered.

    Args:
        data: The folder that keeps its state over `stop`, `kill` and `restart`; in memory only when absent.
        ports: Where to listen; free ports by default, kept over restarts.
        certificate: File with the server's certificate chain and its key, PEM: it then speaks TLS, and takes tokens of
            Microsoft Entra besides keys (`--oauth basic`: audience, issuer and times are checked; signatures and roles
            are not).
    """

    def __init__(
        self, data: Path | None = None, *, ports: Ports | None = None, certificate: Path | None = None
    ) -> None:
        self.ports = ports or Ports()
        self._certificate = certificate
        self._data = data
        self._child: Child | None = None
        self._exit = ExitStack()
        self._scratch: Path | None = None
        self._spare = iter(range(SPARE_ACCOUNTS))

    @property
    def connection_string(self) -> str:
        """The connection string of the emulated storage account."""
        return self._connection(ACCOUNT)

    def spare_account(self) -> str:
        """The connection string of an account that nobody else was given, empty at first."""
        return self._connection(f"spare{next(self._spare)}")

    def endpoints(self, account: str = ACCOUNT) -> dict[str, str]:
        """The URLs of an account by service: blob, queue, table."""
        scheme = "https" if self._certificate else "http"
        return {
            service: f"{scheme}://127.0.0.1:{getattr(self.ports, service)}/{account}"
            for service in Ports.__struct_fields__
        }

    def _connection(self, account: str) -> str:
        protocol = "https" if self._certificate else "http"
        parts = [f"DefaultEndpointsProtocol={protocol}", f"AccountName={account}", f"AccountKey={ACCOUNT_KEY}"]
        parts += [f"{service.title()}Endpoint={url}" for service, url in self.endpoints(account).items()]
        return "".join(f"{part};" for part in parts)

    @property
    def log(self) -> str:
        """What the running process has written."""
        return self._running.log

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running.pid

    def start(self) -> None:
        """Install where needed, start, and wait until all three services listen.

        Raises:
            AzuriteMissing: Node.js, npm or the packages are missing.
            ChildFailed: Azurite did not start; the message holds its output.
        """
        script, interpreter = installed_script(), node()
        scratch = self._scratch or Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="azurite-")))
        self._scratch = scratch
        command = [interpreter, "--require", str(PACKAGE / "watchdog.cjs"), str(script)]
        command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        command += ["--inMemoryPersistence"] if self._data is None else ["--location", str(self._data)]
        if self._certificate is not None:
            command += ["--oauth", "basic", "--cert", str(self._certificate), "--key", str(self._certificate)]
        for service in Ports.__struct_fields__:
            command += [f"--{service}Port", str(getattr(self.ports, service))]
        accounts = (ACCOUNT, *(f"spare{number}" for number in range(SPARE_ACCOUNTS)))
        env = {**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{account}:{ACCOUNT_KEY}" for account in accounts)}
        self._child = Child("Azurite", command, log=scratch / "azurite.log", env=env, cwd=scratch)
        try:
            self.ports = self._child.wait_until(_listening, seconds=READY_WITHIN)
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """End it in good order: a data folder then holds all that was acknowledged."""
        self._running.stop(seconds=STOP_WITHIN)

    def kill(self) -> None:
        """End it as a crash does: a data folder may lack the last five seconds, which real storage never loses."""
        self._running.kill()

    def pause(self) -> None:
        """Make storage hang: connections open, nothing answers."""
        self._running.pause()

    def resume(self) -> None:
        """End a pause."""
        self._running.resume()

    def restart(self) -> None:
        """Start again on the same ports, after `stop` or `kill`; stops first where neither came before."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop and remove what is not in the data folder."""
        if self._child is not None:
            self._child.stop(seconds=STOP_WITHIN)
        self._exit.close()
        self._scratch = None

    @property
    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("Azurite was not started: enter the context manager or call start().")
        return self._child

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _listening(log: str) -> Ports | None:
    found = {service.lower(): int(port) for service, port in _LISTENING.findall(log)}
    return Ports(**found) if len(found) == len(Ports.__struct_fields__) else None

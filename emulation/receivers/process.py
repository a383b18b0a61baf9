"""Webhook receivers in a child process, with a typed client of their control API."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from emulation.received import Received
from emulation.receivers import failures
from emulation.receivers.failures import Effect, Failure
from emulation.receivers.permits import Permit
from emulation.server_process import ServerProcess

if TYPE_CHECKING:
    import httpx


class Ready(msgspec.Struct, frozen=True):
    """Where the receivers and their control API listen, as base URLs."""

    url: str
    control: str


class ReceiversRefused(Exception):
    """The control API did not understand; the message is its own."""


class Receivers:
    """Runs any number of webhook receivers in one child process, as a context manager.

    A receiver is a name in the path and comes to be when it is used; it answers 200 unless told to fail.

    Args:
        port: The receivers' port; 0 takes a free one.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._port = port
        self._process = ServerProcess("emulation.receivers", Ready)
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the child; return once it serves.

        Raises:
            ChildFailed: It did not become ready; the message holds what it printed.
        """
        import httpx  # noqa: PLC0415 (imported at first use: the server process starts without it)

        self._process.start("--json", "--port", str(self._port))
        self._client = httpx.Client(base_url=self._process.ready.control, trust_env=False, timeout=10)

    def stop(self) -> int:
        """End the child and wait for it; return its exit code."""
        if self._client:
            self._client.close()
            self._client = None
        return self._process.stop()

    def url(self, receiver: str) -> str:
        """Return the URL of the receiver of this name."""
        return f"{self._process.ready.url}/{receiver}"

    @property
    def control_url(self) -> str:
        """The base URL of their control API."""
        return self._process.ready.control

    def received(self, receiver: str, *, at_least: int = 0, within: float = 0.0) -> list[Received]:
        """Return what a receiver got, in the order of arrival; `status` says what it answered, 0 for nothing.

        Args:
            receiver: Its name.
            at_least: Wait until it got so much,
            within: but no longer than this many seconds.
        """
        answer = self._send(failures.ReceivedBy(receiver, at_least, within), timeout=within + 10)
        return msgspec.json.decode(answer, type=list[Received])

    def fail(  # noqa: PLR0913 (the fields of a failure)
        self,
        receiver: str,
        status: int = 503,
        *,
        times: int | None = None,
        effect: Effect = "answer",
        seconds: float = 0.0,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Let a receiver fail; the arguments are those of `Failure`."""
        failure = Failure(effect, times, status, seconds, body, headers or {})
        self._send(failures.Fail(receiver, failure))

    def protect(self, receiver: str, origin: str = "*", *, rate: int = 0, says_rate: bool = True) -> None:
        """Let a receiver take deliveries only after the handshake; the arguments are those of `Permit`."""
        self._send(failures.Protect(receiver, Permit(origin, rate, says_rate)))

    def hang(self, receiver: str, *, times: int | None = None) -> None:
        """Let a receiver take requests and answer nothing."""
        self.fail(receiver, times=times, effect="hang")

    def drop(self, receiver: str, *, times: int | None = None) -> None:
        """Let a receiver reset connections before it answers."""
        self.fail(receiver, times=times, effect="drop")

    def delay(self, receiver: str, seconds: float, *, times: int | None = None) -> None:
        """Let a receiver answer 200 after this many seconds."""
        self.fail(receiver, times=times, effect="delay", seconds=seconds)

    def heal(self, receiver: str) -> None:
        """Drop a receiver's failures, and its protection."""
        self._send(failures.Heal(receiver))

    def reset(self) -> None:
        """Forget every request and failure of every receiver."""
        self._send(failures.Reset())

    def _send(self, command: failures.AnyCommand, *, timeout: float = 10) -> bytes:
        if self._client is None:
            msg = "the receivers are not running; call start() or use them in a with statement"
            raise RuntimeError(msg)
        response = self._client.post("/", content=msgspec.json.encode(command), timeout=timeout)
        if not response.is_success:
            raise ReceiversRefused(response.text)
        return response.content

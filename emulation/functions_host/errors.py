"""What keeps the host from starting, or an invocation from succeeding."""


class HostError(RuntimeError):
    """The host cannot run this app; the message says why and what to do."""


class IndexingFailed(HostError):
    """Microsoft's worker refused the app; the message is its own."""


class InvocationFailed(Exception):
    """A function raised, or ran out of time.

    Args:
        message: The worker's message: type and text of the exception.
        stack_trace: The worker's traceback, empty for a time-out.
    """

    def __init__(self, message: str, stack_trace: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stack_trace = stack_trace


class BindingFailed(InvocationFailed):
    """The host could not give a function its trigger's value as it asked for it: it is not run, and has failed."""

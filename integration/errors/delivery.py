"""Why one attempt of a delivery did not succeed."""

from integration.errors.base import FnoLinkError


class DeliveryFailed(FnoLinkError):
    """A delivery attempt did not succeed.

    Args:
        message: What happened.
        status: The target's answer, where it has one (an HTTP status).
        response: The first bytes of the answer's body, decoded leniently.
        retry_after: Seconds the target asked to wait.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        response: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.response = response
        self.retry_after = retry_after


class TargetUnavailable(DeliveryFailed):
    """The target could not take the delivery now."""

    hint = "Nothing to do: it is tried again by the schedule; after the last attempt it is a dead letter."
    transient = True


class NotPermittedYet(TargetUnavailable):
    """The receiver was asked whether it wants our deliveries, and did not say so; it is asked again."""

    hint = "Let the receiver answer OPTIONS with WebHook-Allowed-Origin, or set `validate = false` of the target."


class Spared(DeliveryFailed):
    """The target is left alone for a while; nothing was attempted."""

    hint = "Nothing to do: the delivery goes on by itself, and none of its attempts is used up."
    transient = True


class CoolingDown(Spared):
    """The linked environment asked for a pause, or has as many calls as it may have; nothing was attempted."""

    hint = (
        "Nothing to do: deliveries go on by themselves. If it happens often, lower `calls_per_environment`, or raise "
        "the client's priority in the environment."
    )


class RateReached(Spared):
    """The receiver permits no more deliveries this minute; nothing was attempted."""

    hint = "Nothing to do: deliveries go on by themselves. If it happens often, agree with the receiver on more."


class CircuitOpen(Spared):
    """The target keeps failing and is left alone for a while; nothing was attempted."""

    hint = "Mend the target; deliveries go on by themselves once a probe succeeds."
    transient = True


class TargetRejected(DeliveryFailed):
    """The target refused the delivery for good."""

    hint = "Read the target's answer, mend the cause, then replay the dead letter."


class NotPermitted(TargetRejected):
    """The receiver was asked whether it wants our deliveries, and did not say so."""

    hint = "Let the receiver answer OPTIONS with WebHook-Allowed-Origin, or set `validate = false`, then replay."


class TemplateField(DeliveryFailed):
    """A target's template names a field that this event does not have."""

    hint = "Change the template, or filter the route to events that carry the field, then replay."


class UntrustedLink(DeliveryFailed):
    """The linked environment is outside the trusted hosts or tenant, so nothing is sent to it."""

    hint = "Check the link; if the host is yours, add its suffix to `trusted_hosts` of the organization."

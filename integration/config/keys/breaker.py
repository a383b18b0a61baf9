"""When a target that keeps failing is left alone: for all targets, and for one."""

from datetime import timedelta

import msgspec

from integration.config.keys.fields import Percent, Threshold


class Breaker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a target that keeps failing is left alone for a while; each process finds that out for itself.

    Args:
        enabled: Off: every delivery is attempted, however often the target has failed.
        failures: This many failures in a row open the circuit.
        failure_percent: So does this share of the attempts within the window, once there are enough of them.
        minimum: How many attempts within the window are enough.
        window: How long attempts are counted together.
        open_for: How long deliveries are deferred without an attempt; then a single one probes the target. Doubled
            each time a probe fails.
        open_at_most: The longest that it is doubled to.
    """

    enabled: bool = True
    failures: Threshold = 5
    failure_percent: Percent = 50
    minimum: Threshold = 20
    window: timedelta = timedelta(seconds=60)
    open_for: timedelta = timedelta(seconds=30)
    open_at_most: timedelta = timedelta(minutes=10)


class OwnBreaker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When this target is left alone, as far as it differs from `[delivery.breaker]`.

    Args:
        enabled: Off: every delivery is attempted, however often the target has failed.
        failures: This many failures in a row open the circuit.
        failure_percent: So does this share of the attempts within the window, once there are enough of them.
        minimum: How many attempts within the window are enough.
        window: How long attempts are counted together.
        open_for: How long deliveries are deferred without an attempt; then a single one probes the target.
        open_at_most: The longest that it is doubled to.
    """

    enabled: bool | None = None
    failures: Threshold | None = None
    failure_percent: Percent | None = None
    minimum: Threshold | None = None
    window: timedelta | None = None
    open_for: timedelta | None = None
    open_at_most: timedelta | None = None

    def overlaid_on(self, common: Breaker) -> Breaker:
        """Return what holds for the target.

        Args:
            common: What holds for all.
        """
        own = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(common, **own)

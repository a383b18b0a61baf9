"""Timer schedules: NCRONTAB with six fields (or five), or a time span between runs. UTC.

Page "Timer trigger for Azure Functions", section "NCRONTAB expressions".
"""

from datetime import datetime, timedelta

import msgspec
from cronsim import CronSim, CronSimError

from emulation.functions_host import timespan
from emulation.functions_host.errors import HostError

LOOKAHEAD = 2


class Schedule(msgspec.Struct, frozen=True):
    """When a timer runs.

    Args:
        text: An NCRONTAB expression or a time span.
    """

    text: str

    def next(self, after: datetime) -> datetime:
        """Return the first run after a point in time."""
        if timespan.is_timespan(self.text):
            return after + timedelta(seconds=timespan.seconds(self.text))
        cron = CronSim(self.text, after)
        # NCRONTAB wants both the day and the weekday to match; cron would take either.
        cron.day_and = True
        return next(cron)

    def interval(self, after: datetime) -> timedelta:
        """Return the time between the next two runs."""
        first = self.next(after)
        return self.next(first) - first


def parse(text: str, function: str, now: datetime) -> Schedule:
    """Return a schedule.

    Raises:
        HostError: It is neither an NCRONTAB expression nor a time span, or never comes due.
    """
    schedule = Schedule(text)
    try:
        schedule.next(now)
    except (CronSimError, StopIteration) as error:
        msg = f"Function {function!r}: the schedule {text!r} is neither NCRONTAB nor a time span ({error})."
        raise HostError(msg) from error
    return schedule

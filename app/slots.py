"""When a source is due: every so often, or by its manifest's schedule in China time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from apscheduler.triggers.cron import CronTrigger

from connectors.manifest import Manifest

CHINA = timezone(timedelta(hours=8))


def next_slot(manifest: Manifest | None, every_seconds: int | None, now: datetime) -> datetime:
    """Give when a source is due after `now`: every so many seconds, or by its manifest's schedule in China time.

    A source whose connector is not installed (None) is due all the same: its run says what is missing.
    """
    schedule = manifest.schedule if manifest else None
    if every_seconds is None and schedule is not None and schedule.cron is not None:
        slot = CronTrigger.from_crontab(schedule.cron, timezone=CHINA).get_next_fire_time(None, now)
        if isinstance(slot, datetime):
            return slot
    seconds = every_seconds or (schedule.every if schedule else None) or 1800
    return now + timedelta(seconds=seconds)

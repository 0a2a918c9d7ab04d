"""When work starts by itself. Off until someone turns it on: an installation decides how its nights are scheduled."""

import dagster as dg

from warehouse.settings import Settings


def nightly_schedule(
    job: "dg.JobDefinition | dg.UnresolvedAssetJobDefinition", settings: Settings
) -> dg.ScheduleDefinition:
    """Every night, after the source systems have dropped their exports."""
    schedule = settings.schedule
    return dg.ScheduleDefinition(
        name="every_night",
        job=job,
        cron_schedule=schedule.nightly,
        execution_timezone=schedule.time_zone or settings.company.time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="The nightly job, when tieout.toml says under [schedule].",
    )

"""When work starts by itself. Off until someone turns it on: an installation decides how its nights are scheduled."""

import dagster as dg


def nightly_schedule(
    job: "dg.JobDefinition | dg.UnresolvedAssetJobDefinition", time_zone: str
) -> dg.ScheduleDefinition:
    """Every night, after the source systems have dropped their exports."""
    return dg.ScheduleDefinition(
        name="every_night",
        job=job,
        cron_schedule="0 4 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )

"""Published months as Dagster sees them: one asset, a partition a period. Months are closed by `tieout close` alone,
because a close needs people's names; here they are only shown.

Partitions are the company's own periods, which need not be calendar months.
"""

from collections.abc import Iterable

import dagster as dg

from orchestration.translator import GROUPS
from warehouse.publish.manifest import REPORT, Month

PERIODS = dg.DynamicPartitionsDefinition(name="period")
MONTH_KEY = dg.AssetKey(["published", "month"])


def month_spec(upstream: Iterable[dg.AssetKey], owner: str) -> dg.AssetSpec:
    """The published month."""
    return dg.AssetSpec(
        MONTH_KEY,
        deps=list(upstream),
        group_name=GROUPS["published"],
        description="A closed month, frozen as Parquet under a manifest that is chained to the month before. "
        "`tieout close` publishes it; it never changes again.",
        owners=[owner],
        kinds={"parquet"},
        partitions_def=PERIODS,
    )


def publication(month: Month) -> dg.AssetMaterialization:
    """That a month was published, by whom, and the hash that proves it."""
    said = month.document
    texts = {"kind": month.kind, "as of": said["as_of"], "manifest sha256": month.sha256}
    people = {"prepared by": said.get("prepared_by"), "approved by": said.get("approved_by")}
    return dg.AssetMaterialization(
        MONTH_KEY,
        description=f"{month.name} was published.",
        partition=month.period,
        metadata={
            "version": dg.MetadataValue.int(month.version),
            **{name: dg.MetadataValue.text(str(text)) for name, text in texts.items()},
            **{name: dg.MetadataValue.text(str(text)) for name, text in people.items() if text},
            "report": dg.MetadataValue.path(month.path / REPORT),
        },
    )

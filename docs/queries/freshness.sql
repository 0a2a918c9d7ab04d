-- How fresh are the figures, and which months may still change?
select
    periods.period,
    periods.status,
    periods.facts_through,
    run.as_of,
    run.last_closed_period,
    snapshots.version,
    snapshots.as_of as closed_on,
    snapshots.prepared_by,
    snapshots.approved_by
from marts.dim_period as periods
cross join audit.runs as run
left join audit.snapshots as snapshots using (period)
where periods.status != 'future'
order by periods.start_date desc;

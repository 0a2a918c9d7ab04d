-- Grain: period × entity × currency × age bucket.
-- Why: backlog by how long its delivery is overdue against the day promised, at the last day counted of the period
-- (accounting.md §10). Lines without a promised day stand under `not promised`. Amounts in the row's currency.

with aged as (

    select
        backlog.period,
        backlog.entity_id,
        backlog.currency,
        {{ age_bucket(days_between('backlog.promised_date', 'periods.facts_through'), 'not promised') }} as age_bucket,
        backlog.contract_line_id,
        backlog.backlog,
        backlog.backlog_reporting
    from {{ ref('fct_backlog') }} as backlog
    inner join {{ ref('dim_period') }} as periods on backlog.period = periods.period
    where backlog.backlog != 0

)

select
    period,
    entity_id,
    currency,
    age_bucket,
    cast(sum(backlog) as decimal(18, 3)) as backlog,
    cast({{ sum_known('backlog_reporting') }} as decimal(18, 3)) as backlog_reporting,
    cast(count(distinct contract_line_id) as integer) as contract_lines
from aged
group by period, entity_id, currency, age_bucket

-- Grain: contract line × future period.
-- Why: what the published segments will earn after the last day counted; a view, since future months are never
-- stored (accounting.md §2). Undated backlog stands on the line's end, else its promised date, else the
-- contract's end, else the next day; overdue counts as the next day. It reads the marts alone, so that it
-- works in the published file as well.
{{ config(materialized='view') }}

with periods as (

    select * from {{ ref('dim_period') }}

),

cut as (

    select
        facts_through as cut_date,
        period,
        row_number() over (order by facts_through desc, start_date desc) as recency
    from periods
    where facts_through is not null

),

segments as (

    select
        segments.*,
        cut.cut_date,
        case
            when segments.spread_minor = 0 then segments.valid_from
            else least(segments.valid_to, greatest(segments.spread_end, segments.valid_from))
        end as active_until
    from {{ ref('marts__revenue_segments') }} as segments
    inner join cut on cut.recency = 1

),

ends as (

    select segments.*, periods.end_date as at_date, periods.period
    from segments
    inner join periods
        on periods.end_date > segments.cut_date
        and periods.end_date between segments.valid_from and segments.valid_to
        and periods.start_date <= segments.active_until
    where segments.active_until > segments.cut_date

    union all

    select segments.*, segments.cut_date as at_date, null as period
    from segments
    where segments.cut_date between segments.valid_from and segments.valid_to

),

by_time as (

    select
        contract_line_id,
        layer,
        period,
        exponent,
        recognized_minor - lag(recognized_minor, 1, 0) over (partition by contract_line_id, layer order by at_date)
            as scheduled_minor
    from ( {{ recognized_at('ends') }} ) as evaluated

),

lines as (

    select
        lines.contract_line_id,
        lines.contract_id,
        lines.product_id,
        lines.currency,
        lines.method,
        lines.earned_until,
        contracts.entity_id,
        contracts.customer_id,
        coalesce(lines.expected_date, lines.end_date) as expected_date
    from {{ ref('dim_contract_line') }} as lines
    inner join {{ ref('dim_contract') }} as contracts on lines.contract_id = contracts.contract_id

),

undated as (

    -- a line that is cancelled from a later day on has no expected delivery, nor has one that earns nothing further
    select
        backlog.contract_line_id,
        backlog.backlog as scheduled,
        greatest(coalesce(lines.expected_date, {{ add_days('cut.cut_date', 1) }}), {{ add_days('cut.cut_date', 1) }})
            as expected_date
    from {{ ref('fct_backlog') }} as backlog
    inner join cut on backlog.period = cut.period and cut.recency = 1
    inner join lines
        on backlog.contract_line_id = lines.contract_line_id
        and backlog.customer_id = lines.customer_id
        and backlog.entity_id = lines.entity_id
        and backlog.product_id = lines.product_id
    where lines.method in {{ undated_methods() }}
        and lines.earned_until is null
        and backlog.contract_line_id not in (
            select contract_line_id from segments where valid_from > cut_date
        )

),

scheduled as (

    select contract_line_id, period, {{ to_amount('sum(scheduled_minor)', 'exponent') }} as scheduled
    from by_time
    where period is not null
    group by contract_line_id, period, exponent
    having sum(scheduled_minor) != 0

    union all

    select undated.contract_line_id, periods.period, undated.scheduled
    from undated
    inner join periods on undated.expected_date between periods.start_date and periods.end_date
    where undated.scheduled != 0

)

select
    scheduled.period,
    lines.entity_id,
    lines.customer_id,
    lines.contract_id,
    scheduled.contract_line_id,
    lines.product_id,
    lines.currency,
    scheduled.scheduled
from scheduled
inner join lines on scheduled.contract_line_id = lines.contract_line_id

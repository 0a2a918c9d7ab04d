-- Grain: row of audit.tie_outs, at the last day counted.
-- Why: E1, past + scheduled + unscheduled revenue of a line = its allocated amount on the terms valid then.
-- Unscheduled is what a held contract holds back, what is open of a line that a known cancellation ends later (unless
-- it is earned by time) or that a signed amendment changes later, what earns nothing while its customer's invoices are
-- uncollectible, and what lies beyond the last of the company's own
-- accounting_periods. What is recognized as invoiced is contracted as it is earned: its schedule is no part of what is
-- contracted yet.

with lines as (

    select
        dimensions.contract_line_id,
        dimensions.entity_id,
        dimensions.currency,
        max(dimensions.exponent) as exponent,
        cast(sum(movements.contracted_minor) as bigint) as contracted_minor,
        cast(sum(movements.recognized_minor) as bigint) as recognized_minor
    from {{ ref('position_movements') }} as movements
    inner join {{ ref('dimension_sets') }} as dimensions on movements.dimension_id = dimensions.dimension_id
    where dimensions.contract_line_id != '(not linked)'
    group by dimensions.contract_line_id, dimensions.entity_id, dimensions.currency

),

as_invoiced as (

    select contract_line_id from {{ ref('dim_contract_line') }} where method = 'as_invoiced'

),

scheduled as (

    select schedule.contract_line_id, schedule.entity_id, sum(schedule.scheduled) as scheduled
    from {{ ref('fct_revenue_schedule') }} as schedule
    left join as_invoiced on schedule.contract_line_id = as_invoiced.contract_line_id
    where as_invoiced.contract_line_id is null
    group by schedule.contract_line_id, schedule.entity_id

),

held_back as (

    select held.contract_line_id, held.entity_id, held.held_back_minor
    from {{ ref('held_lines') }} as held
    left join as_invoiced on held.contract_line_id = as_invoiced.contract_line_id
    where as_invoiced.contract_line_id is null

),

-- what a signed amendment moves between lines, or to or from what is used beyond a commitment, and what is estimated of a line
-- that it adds, on a later day is scheduled, and not yet contracted
moved_later as (

    select bookings.contract_line_id, cast(sum(bookings.amount_minor) as bigint) as moved_minor
    from {{ ref('booking_events') }} as bookings
    cross join {{ source('run', 'context') }} as context
    left join {{ ref('held_lines') }} as held on bookings.contract_line_id = held.contract_line_id
    where bookings.booking_date > context.cut_date
        and (bookings.event_id like 'modification:%' or bookings.event_id like 'estimate:%')
        and held.contract_line_id is null
    group by bookings.contract_line_id

),

horizon as (

    select max(end_date) as last_day from {{ ref('dim_period') }}

),

beyond as (

    select segments.contract_line_id, segments.base_minor + segments.spread_minor as final_minor, horizon.last_day as at_date,
        segments.valid_from, segments.valid_to, segments.base_minor, segments.spread_minor, segments.convention,
        segments.spread_start, segments.spread_end, segments.first_month, segments.last_month, segments.weight_unit,
        segments.first_weight, segments.last_weight, segments.total_weight,
        segments.skipped_weight, segments.skipped_unit
    from {{ ref('marts__revenue_segments') }} as segments
    cross join horizon
    where horizon.last_day between segments.valid_from and segments.valid_to
        and segments.spread_minor != 0
        and segments.layer = ''
        and segments.spread_end > horizon.last_day

),

beyond_horizon as (

    select contract_line_id, cast(sum(final_minor - recognized_minor) as bigint) as beyond_minor
    from ( {{ recognized_at('beyond') }} ) as evaluated
    group by contract_line_id

),

without_a_day as (

    select distinct terms.contract_line_id
    from {{ ref('dim_contract_line') }} as terms
    inner join {{ ref('dim_contract') }} as contracts on terms.contract_id = contracts.contract_id
    cross join {{ source('run', 'context') }} as context
    cross join horizon
    left join {{ ref('marts__revenue_segments') }} as segments
        on terms.contract_line_id = segments.contract_line_id and segments.valid_from > context.cut_date
    left join moved_later on terms.contract_line_id = moved_later.contract_line_id
    where terms.method in {{ undated_methods() }}
        and (
            segments.contract_line_id is not null
            or moved_later.contract_line_id is not null
            or coalesce(terms.end_date, terms.promised_date, contracts.end_date) > horizon.last_day
        )

    union

    -- lines by other methods of which an event decides the final amount
    select terms.contract_line_id
    from {{ ref('dim_contract_line') }} as terms
    cross join horizon
    left join {{ ref('cancellations') }} as cancellations on terms.contract_line_id = cancellations.contract_line_id
    left join {{ ref('held_lines') }} as held on terms.contract_line_id = held.contract_line_id
    cross join {{ source('run', 'context') }} as context
    -- a discount has no method
    where (coalesce(terms.method, '') in ('', 'drawdown', 'as_invoiced') and cancellations.effective_date > context.cut_date)
        or (terms.method = 'drawdown' and terms.end_date > horizon.last_day)
        -- of a held one only its published schedule is known
        or (terms.method = 'drawdown' and held.contract_line_id is not null and terms.end_date > context.cut_date)
        or (terms.method = 'as_invoiced' and held.contract_line_id is not null)
        or terms.earned_until is not null

),

compared as (

    select
        lines.entity_id,
        lines.currency,
        lines.contract_line_id as item,
        {{ to_amount('lines.contracted_minor + coalesce(moved_later.moved_minor, 0)', 'lines.exponent') }} as expected,
        {{ to_amount('lines.recognized_minor + coalesce(held_back.held_back_minor, 0) + coalesce(beyond_horizon.beyond_minor, 0)', 'lines.exponent') }}
        + coalesce(scheduled.scheduled, 0)
        + case
            when without_a_day.contract_line_id is not null
                then {{ to_amount(
                    'lines.contracted_minor + coalesce(moved_later.moved_minor, 0) - lines.recognized_minor - coalesce(held_back.held_back_minor, 0)',
                    'lines.exponent'
                ) }}
                    - coalesce(scheduled.scheduled, 0)
            else 0
        end as actual
    from lines
    left join scheduled on lines.contract_line_id = scheduled.contract_line_id and lines.entity_id = scheduled.entity_id
    left join held_back on lines.contract_line_id = held_back.contract_line_id and lines.entity_id = held_back.entity_id
    left join moved_later on lines.contract_line_id = moved_later.contract_line_id
    left join beyond_horizon on lines.contract_line_id = beyond_horizon.contract_line_id
    left join without_a_day on lines.contract_line_id = without_a_day.contract_line_id

)

{{ tie_out('E1', 'compared', ['entity_id', 'currency'], 'line ') }}

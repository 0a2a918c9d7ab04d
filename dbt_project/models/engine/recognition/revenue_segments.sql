-- Grain: contract line × segment_number: a stretch of days [valid_from, valid_to] on which one closed form holds.
-- Why: recognized(d) of any method = base + what of the spread has elapsed at d (macros/ratable.sql); the
-- segments are the published revenue schedule (architecture.md 22). Nothing is earned before the signature:
-- the first segment starts on the signed date with what the terms give there (accounting.md §2).

with lines as (

    select * from {{ ref('line_allocations') }}

),

cancellations as (

    select * from {{ ref('cancellation_amounts') }}

),

ratable as (

    select
        lines.contract_line_id,
        greatest(lines.signed_date, spreads.spread_start) as valid_from,
        spreads.spread_start as earned_date,
        cast(0 as bigint) as base_minor,
        spreads.allocated_minor as spread_minor,
        spreads.convention,
        spreads.spread_start,
        spreads.spread_end,
        spreads.first_month,
        spreads.last_month,
        spreads.weight_unit,
        spreads.first_weight,
        spreads.last_weight,
        spreads.total_weight
    from {{ ref('ratable_spreads') }} as spreads
    inner join lines on spreads.contract_line_id = lines.contract_line_id

),

in_steps as (

    select
        steps.contract_line_id,
        greatest(lines.signed_date, steps.step_date) as valid_from,
        steps.step_date as earned_date,
        steps.recognized_minor as base_minor,
        {{ no_spread() }}
    from {{ ref('recognition_steps') }} as steps
    inner join lines on steps.contract_line_id = lines.contract_line_id

),

before_cancellation as (

    select earned.*
    from (select * from ratable union all select * from in_steps) as earned
    left join cancellations on earned.contract_line_id = cancellations.contract_line_id
    where cancellations.contract_line_id is null or earned.valid_from < cancellations.effective_date

),

after_cancellation as (

    select
        contract_line_id,
        effective_date as valid_from,
        effective_date as earned_date,
        final_minor as base_minor,
        {{ no_spread() }}
    from cancellations

),

dated as (

    -- of several steps before the signature only the last one counts
    select
        combined.*,
        row_number() over (partition by contract_line_id, valid_from order by earned_date desc) as recency
    from (select * from before_cancellation union all select * from after_cancellation) as combined

),

final as (

    select
        dated.contract_line_id,
        cast(row_number() over (partition by dated.contract_line_id order by dated.valid_from) as integer)
            as segment_number,
        valid_from,
        coalesce(
            {{ add_days('lead(dated.valid_from) over (partition by dated.contract_line_id order by dated.valid_from)', '-1') }},
            cast('9999-12-31' as date)
        ) as valid_to,
        base_minor,
        spread_minor,
        convention,
        spread_start,
        spread_end,
        cast(first_month as integer) as first_month,
        cast(last_month as integer) as last_month,
        cast(weight_unit as bigint) as weight_unit,
        cast(first_weight as bigint) as first_weight,
        cast(last_weight as bigint) as last_weight,
        cast(total_weight as bigint) as total_weight,
        lines.exponent
    from dated
    inner join lines on dated.contract_line_id = lines.contract_line_id
    where dated.recency = 1

)

select * from final

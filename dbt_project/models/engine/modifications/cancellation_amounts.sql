-- Grain: cancelled contract line, but for those recognized as invoiced (invoiced_cancellations).
-- Why: the final amount a cancellation leaves (accounting.md §5): recognized(x − 1) on the terms before it, or
-- contracted before + amount_delta, and the day on which contracted takes it.

with cancellations as (

    select * from {{ ref('cancellations') }}

),

lines as (

    select * from {{ ref('line_allocations') }} where recognition_method is distinct from 'as_invoiced'

),

spreads as (

    select
        cancellations.contract_line_id,
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
        spreads.total_weight,
        {{ add_days('cancellations.first_day_without_service', '-1') }} as at_date
    from cancellations
    inner join {{ ref('ratable_spreads') }} as spreads
        on cancellations.contract_line_id = spreads.contract_line_id

),

earned_ratably as (

    select contract_line_id, recognized_minor from ( {{ recognized_at('spreads') }} ) as evaluated

),

earned_in_steps as (

    select
        steps.contract_line_id,
        steps.recognized_minor,
        row_number() over (partition by steps.contract_line_id order by steps.step_date desc) as recency
    from {{ ref('recognition_steps') }} as steps
    inner join cancellations on steps.contract_line_id = cancellations.contract_line_id
    where steps.step_date < cancellations.first_day_without_service

),

dated as (

    select
        cancellations.*,
        lines.allocated_minor,
        lines.signed_date,
        case
            when lines.recognition_method in ('ratable', 'on_start') or cancellations.amount_delta_minor is not null
                then cancellations.cancellation_signed_date
            else cancellations.effective_date
        end as contracted_date
    from cancellations
    inner join lines on cancellations.contract_line_id = lines.contract_line_id

),

contracted_as_used as (

    select dated.contract_line_id, cast(sum(usage.amount_minor) as bigint) as contracted_minor
    from dated
    inner join {{ ref('usage_amounts') }} as usage on dated.contract_line_id = usage.contract_line_id
    where greatest(usage.event_date, dated.signed_date) < dated.contracted_date
    group by dated.contract_line_id

),

final as (

    select
        cancellations.contract_line_id,
        cancellations.event_id,
        cancellations.effective_date,
        cancellations.reason,
        cancellations.contracted_date,
        cancellations.allocated_minor + coalesce(contracted_as_used.contracted_minor, 0) as contracted_before_minor,
        case
            when cancellations.amount_delta_minor is not null
                then cancellations.allocated_minor + coalesce(contracted_as_used.contracted_minor, 0)
                    + cancellations.amount_delta_minor
            else coalesce(earned_ratably.recognized_minor, earned_in_steps.recognized_minor, 0)
        end as final_minor
    from dated as cancellations
    left join contracted_as_used on cancellations.contract_line_id = contracted_as_used.contract_line_id
    left join earned_ratably on cancellations.contract_line_id = earned_ratably.contract_line_id
    left join earned_in_steps
        on cancellations.contract_line_id = earned_in_steps.contract_line_id and earned_in_steps.recency = 1

)

select * from final

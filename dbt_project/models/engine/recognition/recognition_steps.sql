-- Grain: contract line recognized in steps × day on which its cumulative revenue changes.
-- Why: point_in_time (accounting.md §4: delivered − returned, at most what was ordered) and on_start earn by
-- events; each row is the cumulative figure from that day on, whatever the day of the signature.

with lines as (

    select * from {{ ref('line_allocations') }}

),

fulfillments as (

    select * from {{ ref('accepted__fulfillments') }}

),

movements as (

    select
        contract_line_id,
        event_date,
        cast(sum({{ to_millionths('quantity') }} * case kind when 'return' then -1 else 1 end) as bigint)
            as moved_millionths
    from fulfillments
    where kind in ('delivery', 'return')
    group by contract_line_id, event_date

),

delivered as (

    select
        contract_line_id,
        event_date,
        cast(sum(moved_millionths) over (
            partition by contract_line_id order by event_date
            rows between unbounded preceding and current row
        ) as bigint) as delivered_millionths
    from movements

),

point_in_time as (

    select
        lines.contract_line_id,
        delivered.event_date as step_date,
        {{ prorate(
            'lines.allocated_minor',
            'greatest(least(delivered.delivered_millionths, lines.quantity_millionths), 0)',
            'lines.quantity_millionths'
        ) }} as recognized_minor
    from delivered
    inner join lines on delivered.contract_line_id = lines.contract_line_id
    where lines.recognition_method = 'point_in_time'

),

on_start as (

    select
        contract_line_id,
        start_date as step_date,
        allocated_minor as recognized_minor
    from lines
    where recognition_method = 'on_start'

),

final as (

    select * from point_in_time
    union all
    select * from on_start

)

select * from final

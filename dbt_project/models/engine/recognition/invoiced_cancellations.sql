-- Grain: cancelled contract line that is recognized as invoiced × layer.
-- Why: the final amount a cancellation leaves of each document line, and what was contracted of it before
-- (accounting.md §5 Cancel). It stands apart from the rounds of engine/modifications because documents are spread over lines by
-- what is contracted. What an amount_delta keeps or gives back beyond is a layer of its own.

with cancelled as (

    select cancellations.*, lines.earned_until
    from {{ ref('cancellations') }} as cancellations
    inner join {{ ref('line_allocations') }} as lines on cancellations.contract_line_id = lines.contract_line_id
    where lines.recognition_method = 'as_invoiced'

),

asked as (

    select
        amounts.*,
        sides.is_final,
        cancelled.earned_until,
        {{ add_days('case when sides.is_final then cancelled.first_day_without_service else cancelled.contracted_date end', '-1') }}
            as day_before
    from {{ ref('invoiced_amounts') }} as amounts
    inner join cancelled on amounts.contract_line_id = cancelled.contract_line_id
    cross join (values (true), (false)) as sides (is_final)

),

in_force as (

    -- what is earned by x − 1 is read off the documents of that day, signed or not, as of every other method
    select asked.*, {{ read_on('asked', 'day_before') }} as at_date
    from asked
    where case when is_final then earned_from else valid_from end <= day_before
        and coalesce(case when is_final then voided_on else void_date end > day_before, true)

),

by_layer as (

    select
        contract_line_id,
        layer,
        cast(sum(case when is_final then recognized_minor else 0 end) as bigint) as final_minor,
        cast(sum(case when is_final then 0 else recognized_minor end) as bigint) as before_minor
    from ( {{ recognized_at('in_force') }} ) as evaluated
    group by contract_line_id, layer

),

by_line as (

    select
        contract_line_id,
        sum(final_minor) as final_minor,
        sum(before_minor) as before_minor
    from by_layer
    group by contract_line_id

),

layers as (

    select contract_line_id, layer, final_minor, before_minor from by_layer

    union all

    select
        cancelled.contract_line_id,
        'cancellation:' || cancelled.event_id as layer,
        cast(
            coalesce(by_line.before_minor, 0) + cancelled.amount_delta_minor - coalesce(by_line.final_minor, 0) as bigint
        ) as final_minor,
        cast(0 as bigint) as before_minor
    from cancelled
    left join by_line on cancelled.contract_line_id = by_line.contract_line_id
    where cancelled.amount_delta_minor is not null

)

select
    layers.contract_line_id,
    layers.layer,
    'cancellation:' || cancelled.event_id as event_id,
    cancelled.effective_date,
    cancelled.contracted_date,
    cancelled.reason,
    layers.final_minor,
    layers.before_minor
from layers
inner join cancelled on layers.contract_line_id = cancelled.contract_line_id

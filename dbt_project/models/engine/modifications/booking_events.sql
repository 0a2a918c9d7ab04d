-- Grain: booking event × contract line × booking type.
-- Why: every change of contracted value as a dated amount (accounting.md §2, §5 Booking type). A signing books
-- each line's stated amount; what allocation moves between lines is `reallocation` and adds up to 0. What is earned
-- as invoiced follows documents and is booked in posting/invoiced_bookings.

with lines as (

    select * from {{ ref('line_allocations') }}

),

contracts as (

    select * from {{ ref('accepted__contracts') }}

),

signings as (

    select
        'signing:' || lines.contract_id as event_id,
        lines.contract_line_id,
        case when contracts.contract_type = 'renewal' or contracts.renewal_of is not null then 'renewal' else 'new' end
            as booking_type,
        lines.signed_date as booking_date,
        lines.amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from lines
    inner join contracts on lines.contract_id = contracts.contract_id

),

allocations as (

    select
        'signing:' || lines.contract_id as event_id,
        lines.contract_line_id,
        'reallocation' as booking_type,
        lines.signed_date as booking_date,
        lines.allocated_minor - lines.amount_minor as amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from lines

),

cancellations as (

    select
        'cancellation:' || amounts.event_id as event_id,
        amounts.contract_line_id,
        'cancellation' as booking_type,
        amounts.contracted_date as booking_date,
        amounts.final_minor - amounts.contracted_before_minor as amount_minor,
        amounts.reason
    from {{ ref('cancellation_amounts') }} as amounts

),

usages as (

    -- a cancellation's final amount has in it what was used before
    select
        'usage:' || usage.fulfillment_id as event_id,
        usage.contract_line_id,
        'usage' as booking_type,
        greatest(usage.event_date, lines.signed_date) as booking_date,
        usage.amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('usage_amounts') }} as usage
    inner join lines on usage.contract_line_id = lines.contract_line_id
    left join {{ ref('cancellation_amounts') }} as amounts on usage.contract_line_id = amounts.contract_line_id
    where amounts.contract_line_id is null
        or greatest(usage.event_date, lines.signed_date) < amounts.contracted_date

),

final as (

    select * from signings
    union all
    select * from allocations
    union all
    select * from cancellations
    union all
    select * from usages

)

select * from final where amount_minor != 0

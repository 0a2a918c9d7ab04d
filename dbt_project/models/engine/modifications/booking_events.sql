-- Grain: booking event × contract line × booking type.
-- Why: every change of contracted value as a dated amount (accounting.md §2, §5 Booking type). A signing books
-- each line's stated amount; what allocation moves between lines is `reallocation` and adds up to 0.

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
        amounts.final_minor - lines.allocated_minor as amount_minor,
        amounts.reason
    from {{ ref('cancellation_amounts') }} as amounts
    inner join lines on amounts.contract_line_id = lines.contract_line_id

),

final as (

    select * from signings
    union all
    select * from allocations
    union all
    select * from cancellations

)

select * from final where amount_minor != 0

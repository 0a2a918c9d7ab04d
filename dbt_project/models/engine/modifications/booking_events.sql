-- Grain: booking event × contract line × booking type.
-- Why: every change of contracted value as a dated amount (accounting.md §2, §5 Booking type). A signing books
-- each line's stated amount, an amendment its own; what allocation moves between lines is `reallocation` and adds up
-- to 0. What is earned as invoiced follows documents and is booked in posting/invoiced_bookings.

with lines as (

    select * from {{ ref('line_allocations') }}

),

-- what is expected back of goods is contracted no more
expected_back as (

    select * from {{ ref('expected_back_changes') }}

),

-- of a line that stands alone it is off what its amendment books; of others it is off what is moved when that counts
expected_back_apart as (

    select expected_back.contract_line_id, expected_back.modification_number, expected_back.change_minor
    from expected_back
    inner join {{ ref('contracted_changes') }} as changes
        on expected_back.contract_line_id = changes.contract_line_id
        and expected_back.modification_number = changes.modification_number
        and changes.change = 'separate'
    where expected_back.event_id like 'modification:%'

),

expected_back_moved as (

    select expected_back.*
    from expected_back
    left join expected_back_apart as apart
        on expected_back.contract_line_id = apart.contract_line_id
        and expected_back.modification_number = apart.modification_number
    where expected_back.event_id like 'modification:%' and apart.contract_line_id is null

),

-- a commitment of another amount takes in what was used beyond it, or leaves more beyond it
moved_beyond as (

    select
        modifications.kind,
        modifications.first_id,
        usage.contract_line_id,
        usage.modification_number,
        usage.event_date,
        usage.amount_minor
    from {{ ref('usage_amounts') }} as usage
    inner join lines on usage.contract_line_id = lines.contract_line_id
    inner join {{ ref('modifications') }} as modifications
        on lines.accounting_contract_id = modifications.accounting_contract_id
        and usage.modification_number = modifications.modification_number
    where usage.amount_minor != 0

),

-- what an amendment takes off what is contracted when it counts, beside what its layers move
taken_off as (

    select event_id, contract_line_id, modification_number, event_date, change_minor
    from expected_back_moved

    union all

    select 'modification:' || first_id, contract_line_id, modification_number, event_date, -amount_minor
    from moved_beyond
    where kind = 'amendment'

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
        lines.price_minor - coalesce(expected_back.change_minor, 0) as amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from lines
    inner join contracts on lines.contract_id = contracts.contract_id
    left join expected_back on lines.contract_line_id = expected_back.contract_line_id and expected_back.event_id = 'signing'
    where lines.amendment_id is null

),

allocations as (

    select
        'signing:' || lines.contract_id as event_id,
        lines.contract_line_id,
        'reallocation' as booking_type,
        lines.signed_date as booking_date,
        lines.allocated_minor - lines.price_minor as amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from lines
    where lines.amendment_id is null

),

-- an amendment books its own amount on its own line when it is signed
amendments as (

    select
        'amendment:' || amendment.amendment_id as event_id,
        amendment.contract_line_id,
        case
            when amendment.action = 'add' then 'expansion'
            when amendment.new_end_date > terms.signed_end_before then 'extension'
            when amendment.new_end_date < terms.signed_end_before then 'contraction'
            when coalesce(amendment.quantity_delta_millionths, 0) = 0 then 'reprice'
            when amendment.amount_delta_minor < 0 then 'contraction'
            else 'expansion'
        end as booking_type,
        amendment.signed_date as booking_date,
        amendment.amount_delta_minor - coalesce(expected_back.change_minor, 0) as amount_minor,
        amendment.reason
    from {{ ref('amendments_in_order') }} as amendment
    inner join {{ ref('amended_terms') }} as terms
        on amendment.contract_line_id = terms.contract_line_id
        and amendment.modification_number = terms.modification_number
    left join expected_back_apart as expected_back
        on amendment.contract_line_id = expected_back.contract_line_id
        and amendment.modification_number = expected_back.modification_number

),

-- and when it counts, moves money between lines
modified as (

    select * from {{ ref('contracted_changes') }}

),

rest_expected_back as (

    -- of an amendment it does not add up to 0: the rest is a new price of the line of its first row
    select event_id, contract_line_id, event_date, total_minor
    from (
        select
            expected_back.event_id,
            amended.contract_line_id,
            expected_back.event_date,
            expected_back.total_minor,
            row_number() over (
                partition by expected_back.event_id order by amended.amendment_id, touched.line_place
            ) as place
        from (
            select
                lines.accounting_contract_id,
                taken_off.event_id,
                max(taken_off.modification_number) as modification_number,
                max(taken_off.event_date) as event_date,
                cast(sum(taken_off.change_minor) as bigint) as total_minor
            from taken_off
            inner join lines on taken_off.contract_line_id = lines.contract_line_id
            group by lines.accounting_contract_id, taken_off.event_id
        ) as expected_back
        inner join {{ ref('amendments_in_order') }} as amended
            on expected_back.accounting_contract_id = amended.accounting_contract_id
            and expected_back.modification_number = amended.modification_number
        inner join {{ ref('treated_lines') }} as touched
            on amended.contract_line_id = touched.contract_line_id
            and amended.modification_number = touched.modification_number
            and touched.is_touched
            and touched.applied != 'separate'
    ) as rows_in_order
    where place = 1

),

moved as (

    select
        'modification:' || modifications.first_id as event_id,
        modified.contract_line_id,
        'reallocation' as booking_type,
        case when modified.change = 'separate' then modifications.signed_date else modifications.known_from end
            as booking_date,
        cast(sum(modified.change_minor - modified.amount_delta_minor) as bigint) as amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from modified
    inner join {{ ref('modifications') }} as modifications
        on modified.accounting_contract_id = modifications.accounting_contract_id
        and modified.modification_number = modifications.modification_number
    where modified.change not in ('cancel', 'concession', 'estimate', 'share')
    group by
        modifications.first_id, modified.contract_line_id,
        case when modified.change = 'separate' then modifications.signed_date else modifications.known_from end

    union all

    select event_id, contract_line_id, 'reallocation', event_date, -change_minor, null
    from taken_off

    union all

    select event_id, contract_line_id, 'reallocation', event_date, cast(total_minor as bigint), null
    from rest_expected_back

),

reallocations as (

    select event_id, contract_line_id, booking_type, booking_date, cast(sum(amount_minor) as bigint) as amount_minor,
        cast(null as {{ dbt.type_string() }}) as reason
    from moved
    group by event_id, contract_line_id, booking_type, booking_date

),

-- what an estimate or a concession changes is a new price
repriced as (

    select
        modifications.kind || ':' || modifications.first_id as event_id,
        modified.contract_line_id,
        'reprice' as booking_type,
        modifications.known_from as booking_date,
        modified.change_minor as amount_minor,
        coalesce(estimates.reason, adjustments.reason) as reason
    from modified
    inner join {{ ref('modifications') }} as modifications
        on modified.accounting_contract_id = modifications.accounting_contract_id
        and modified.modification_number = modifications.modification_number
    left join {{ ref('estimate_changes') }} as estimates
        on modifications.kind = 'estimate' and modifications.first_id = estimates.estimate_id
    left join {{ ref('dated_adjustments') }} as adjustments
        on modifications.kind = 'concession' and modifications.first_id = adjustments.event_id
    where modified.change in ('concession', 'estimate')

    union all

    select
        expected_back.event_id,
        expected_back.contract_line_id,
        'reprice' as booking_type,
        expected_back.event_date as booking_date,
        -expected_back.change_minor as amount_minor,
        estimates.reason
    from expected_back
    left join {{ ref('accepted__estimates') }} as estimates
        on expected_back.event_id = 'estimate:' || estimates.estimate_id
    where expected_back.event_id like 'estimate:%'

    union all

    select event_id, contract_line_id, 'reprice', event_date, -cast(total_minor as bigint), null
    from rest_expected_back

    union all

    select 'estimate:' || first_id, contract_line_id, 'reprice', event_date, amount_minor, null
    from moved_beyond
    where kind = 'estimate'

),

reprices as (

    select event_id, contract_line_id, booking_type, booking_date, cast(sum(amount_minor) as bigint) as amount_minor,
        max(reason) as reason
    from repriced
    group by event_id, contract_line_id, booking_type, booking_date

),

cancellations as (

    select
        'cancellation:' || cancelled.event_id as event_id,
        cancelled.contract_line_id,
        'cancellation' as booking_type,
        cancelled.contracted_date as booking_date,
        modified.change_minor as amount_minor,
        cancelled.reason
    from {{ ref('cancellations') }} as cancelled
    inner join modified on cancelled.contract_line_id = modified.contract_line_id and modified.change = 'cancel'

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
    left join {{ ref('cancellations') }} as cancelled on usage.contract_line_id = cancelled.contract_line_id
    where usage.fulfillment_id is not null
        and (
            cancelled.contract_line_id is null
            or greatest(usage.event_date, lines.signed_date) < cancelled.contracted_date
        )

),

final as (

    select * from signings
    union all
    select * from allocations
    union all
    select * from amendments
    union all
    select * from reallocations
    union all
    select * from reprices
    union all
    select * from cancellations
    union all
    select * from usages

)

select * from final where amount_minor != 0

-- Grain: measure × event × set of dimensions × day.
-- Why: everything that is counted on a day of its own: contracted, billed, paid, put aside as deposits, given up as bad debt, and
-- what is billed but not yet counted in positions; and what a line taken over had earned by its cut-over. A view: events reads
-- it twice, for what is dated before a cut-over and for the rest, and storing it would cost more than both.
{{ config(materialized='view') }}

with dimensions as (

    select * from {{ ref('dimension_sets') }} where is_current

),

lines as (

    select * from dimensions where contract_line_id != '(not linked)'

),

days as (

    select * from {{ ref('period_days') }}

),

bookings as (

    select
        'contracted' as measure,
        events.event_id,
        events.booking_type as event_type,
        lines.dimension_id,
        lines.dimension_key,
        events.booking_date as event_date,
        events.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        events.reason
    from (
        select event_id, contract_line_id, booking_type, booking_date, amount_minor, reason
        from {{ ref('booking_events') }}
        union all
        select event_id, contract_line_id, booking_type, booking_date, amount_minor, reason
        from {{ ref('invoiced_bookings') }}
    ) as events
    inner join lines on events.contract_line_id = lines.contract_line_id

),

billings as (

    select
        'billed' as measure,
        events.event_id,
        events.event_type,
        lines.dimension_id,
        lines.dimension_key,
        events.event_date,
        events.amount_minor,
        events.tax_minor,
        events.document_id,
        events.service_start,
        events.service_end,
        events.reason
    from {{ ref('billing_events') }} as events
    inner join lines on events.contract_line_id = lines.contract_line_id

    union all

    select
        'billed' as measure,
        events.event_id,
        events.event_type,
        lines.dimension_id,
        lines.dimension_key,
        events.event_date,
        events.amount_minor,
        cast(0 as bigint) as tax_minor,
        events.document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('write_off_spreads') }} as events
    inner join lines on events.contract_line_id = lines.contract_line_id

),

unlinked_billings as (

    select
        'billed' as measure,
        events.event_id,
        events.event_type,
        dimensions.dimension_id,
        dimensions.dimension_key,
        events.event_date,
        events.amount_minor,
        events.tax_minor,
        events.document_id,
        events.service_start,
        events.service_end,
        events.reason
    from {{ ref('billing_events') }} as events
    inner join dimensions
        on events.billed_customer_id = dimensions.customer_id
        and events.billed_entity_id = dimensions.entity_id
        and events.currency = dimensions.currency
        and dimensions.contract_id = '(not linked)'
    where events.contract_line_id is null

),

not_yet_counted as (

    -- taken out of positions on the document's date, put back when it counts; within one period nothing moves
    select
        'not_yet_counted' as measure,
        events.event_id,
        events.event_type,
        lines.dimension_id,
        lines.dimension_key,
        case when sides.counts then events.positions_date else events.event_date end as event_date,
        case when sides.counts then events.amount_minor else -events.amount_minor end as amount_minor,
        case when sides.counts then events.tax_minor else -events.tax_minor end as tax_minor,
        events.document_id,
        events.service_start,
        events.service_end,
        events.reason
    from {{ ref('billing_events') }} as events
    inner join lines on events.contract_line_id = lines.contract_line_id
    inner join days as issued on events.event_date = issued.day
    inner join days as counted on events.positions_date = counted.day
    cross join (values (true), (false)) as sides (counts)
    cross join {{ source('run', 'context') }} as context
    where events.positions_date > events.event_date
        and (issued.period_index != counted.period_index or events.positions_date > context.cut_date)

    union all

    select
        'not_yet_counted' as measure,
        'unpaid:' || events.contract_line_id as event_id,
        'unpaid' as event_type,
        lines.dimension_id,
        lines.dimension_key,
        events.event_date,
        events.amount_minor,
        events.tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('unpaid_billings') }} as events
    inner join lines on events.contract_line_id = lines.contract_line_id

),

payments as (

    -- paid: money received for a contract or a customer, less what went back; deposited: what of it settles no invoice
    select
        events.measure,
        events.event_id,
        events.event_type,
        dimensions.dimension_id,
        dimensions.dimension_key,
        events.event_date,
        events.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from (
        select 'paid' as measure, event_id, event_type, contract_id, customer_id, currency, event_date, amount_minor
        from {{ ref('payment_events') }}
        union all
        select 'paid' as measure, event_id, event_type, contract_id, customer_id, currency, moved_on, received_minor
        from {{ ref('deposits') }}
        union all
        select 'deposited' as measure, event_id, move, contract_id, customer_id, currency, moved_on, moved_minor
        from {{ ref('deposits') }}
    ) as events
    cross join {{ ref('links__only_entity') }} as only_entity
    inner join dimensions
        on events.contract_id = dimensions.contract_id
        and dimensions.contract_line_id = '(not linked)'
        and events.currency = dimensions.currency
        and (
            events.contract_id != '(not linked)'
            or (
                events.customer_id = dimensions.customer_id
                and coalesce(only_entity.entity_id, '(unknown)') = dimensions.entity_id
            )
        )

),

bad_debts as (

    select
        'bad_debt' as measure,
        events.event_id,
        events.event_type,
        dimensions.dimension_id,
        dimensions.dimension_key,
        events.event_date,
        events.expense_minor as amount_minor,
        events.tax_minor,
        events.document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('write_offs') }} as events
    inner join dimensions
        on events.contract_id = dimensions.contract_id and dimensions.contract_line_id = '(not linked)'

),

-- what a line taken over had earned, and what else of its billing than open documents was settled
openings as (

    select
        'recognized' as measure,
        'opening:' || earned.contract_line_id as event_id,
        'opening' as event_type,
        lines.dimension_id,
        lines.dimension_key,
        earned.as_of_date as event_date,
        cast(sum(earned.recognized_minor) as bigint) as amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('recognized_before') }} as earned
    inner join lines on earned.contract_line_id = lines.contract_line_id
    group by earned.contract_line_id, lines.dimension_id, lines.dimension_key, earned.as_of_date

    union all

    select
        'paid' as measure,
        'opening_payment:' || settled.contract_line_id as event_id,
        'opening' as event_type,
        dimensions.dimension_id,
        dimensions.dimension_key,
        settled.as_of_date as event_date,
        settled.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('opening_billings') }} as settled
    inner join dimensions
        on settled.contract_id = dimensions.contract_id and dimensions.contract_line_id = '(not linked)'

),

all_dates as (

    select * from bookings
    union all
    select * from billings
    union all
    select * from unlinked_billings
    union all
    select * from not_yet_counted
    union all
    select * from payments
    union all
    select * from bad_debts
    union all
    select * from openings

)

select * from all_dates

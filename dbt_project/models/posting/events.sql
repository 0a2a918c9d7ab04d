-- Grain: measure × event × contract line (contract, where a measure is kept per contract).
-- Why: everything that is counted on a day of its own, under its posting key: contracted, billed, paid, and
-- what is billed but not yet counted in positions. Revenue is the one measure that also grows between events.

with dimensions as (

    select * from {{ ref('line_dimensions') }}

),

contract_dimensions as (

    select distinct contract_id, accounting_contract_id, customer_id, entity_id from dimensions

),

bookings as (

    select
        'contracted' as measure,
        events.event_id,
        events.booking_type as event_type,
        dimensions.contract_line_id,
        dimensions.contract_id,
        dimensions.accounting_contract_id,
        dimensions.customer_id,
        dimensions.entity_id,
        dimensions.product_id,
        dimensions.currency,
        events.booking_date as event_date,
        events.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        events.reason
    from {{ ref('booking_events') }} as events
    inner join dimensions on events.contract_line_id = dimensions.contract_line_id

),

billings as (

    select
        'billed' as measure,
        events.event_id,
        events.event_type,
        coalesce(dimensions.contract_line_id, '(not linked)') as contract_line_id,
        coalesce(dimensions.contract_id, '(not linked)') as contract_id,
        coalesce(dimensions.accounting_contract_id, '(not linked)') as accounting_contract_id,
        coalesce(dimensions.customer_id, events.billed_customer_id) as customer_id,
        coalesce(dimensions.entity_id, events.billed_entity_id) as entity_id,
        coalesce(dimensions.product_id, '(not linked)') as product_id,
        events.currency,
        events.event_date,
        events.amount_minor,
        events.tax_minor,
        events.document_id,
        events.service_start,
        events.service_end,
        events.reason,
        events.counted_date
    from {{ ref('billing_events') }} as events
    left join dimensions on events.contract_line_id = dimensions.contract_line_id

),

not_yet_counted as (

    -- taken out of positions on the document's date, put back when it counts
    select
        'not_yet_counted' as measure,
        event_id,
        event_type,
        contract_line_id,
        contract_id,
        accounting_contract_id,
        customer_id,
        entity_id,
        product_id,
        currency,
        case when counts then counted_date else event_date end as event_date,
        case when counts then amount_minor else -amount_minor end as amount_minor,
        case when counts then tax_minor else -tax_minor end as tax_minor,
        document_id,
        service_start,
        service_end,
        reason
    from billings
    cross join (values (true), (false)) as sides (counts)
    where contract_line_id != '(not linked)'
        and counted_date > event_date

),

payments as (

    select
        'paid' as measure,
        events.event_id,
        'payment' as event_type,
        '(not linked)' as contract_line_id,
        events.contract_id,
        coalesce(contracts.accounting_contract_id, '(not linked)') as accounting_contract_id,
        coalesce(contracts.customer_id, events.customer_id) as customer_id,
        coalesce(contracts.entity_id, context.default_entity_id) as entity_id,
        '(not linked)' as product_id,
        events.currency,
        events.event_date,
        events.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as {{ dbt.type_string() }}) as document_id,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('payment_events') }} as events
    left join contract_dimensions as contracts on events.contract_id = contracts.contract_id
    cross join {{ source('run', 'context') }} as context

),

combined as (

    select * from bookings
    union all
    select measure, event_id, event_type, contract_line_id, contract_id, accounting_contract_id, customer_id, entity_id,
        product_id, currency, event_date, amount_minor, tax_minor, document_id, service_start, service_end, reason
    from billings
    union all
    select * from not_yet_counted
    union all
    select * from payments

)

select
    combined.*,
    {{ posting_key() }} as posting_key,
    days.period as original_period,
    days.period_index,
    days.is_closed
from combined
cross join {{ source('run', 'context') }} as context
left join {{ ref('period_days') }} as days on combined.event_date = days.day
where combined.event_date <= context.cut_date

-- Grain: payment × contract of the paid invoice.
-- Why: receivables are kept per accounting contract; an invoice over several contracts is paid in proportion to
-- what it billed on each, tax included, cumulatively rounded.

with payments as (

    select * from {{ ref('accepted__payments') }} where kind = 'payment'

),

currencies as (

    select * from {{ ref('exchange__currencies') }}

),

invoiced as (

    select
        document_id as invoice_id,
        coalesce(contract_line.contract_id, '(not linked)') as contract_id,
        cast(sum(events.amount_minor + events.tax_minor) as bigint) as invoiced_minor
    from {{ ref('billing_events') }} as events
    left join {{ ref('line_allocations') }} as contract_line
        on events.contract_line_id = contract_line.contract_line_id
    where events.event_type = 'invoice'
    group by document_id, coalesce(contract_line.contract_id, '(not linked)')

),

shared as (

    select
        payments.payment_id,
        payments.customer_id,
        payments.currency,
        payments.payment_date as event_date,
        {{ to_minor('payments.amount', 'currencies.exponent') }} as payment_minor,
        coalesce(invoiced.contract_id, payments.contract_id, '(not linked)') as contract_id,
        cast(sum(abs(invoiced.invoiced_minor)) over (
            partition by payments.payment_id order by invoiced.contract_id
            rows between unbounded preceding and current row
        ) as bigint) as through_contract,
        cast(sum(abs(invoiced.invoiced_minor)) over (partition by payments.payment_id) as bigint) as whole,
        abs(invoiced.invoiced_minor) as part,
        row_number() over (partition by payments.payment_id order by invoiced.contract_id) as contract_rank
    from payments
    inner join currencies on payments.currency = currencies.currency
    left join invoiced on payments.invoice_id = invoiced.invoice_id

),

final as (

    select
        'payment:' || payment_id as event_id,
        contract_id,
        customer_id,
        currency,
        event_date,
        cast(case
            when coalesce(whole, 0) = 0 then case when contract_rank = 1 then payment_minor else 0 end
            else {{ prorate('payment_minor', 'through_contract', 'whole') }}
                - {{ prorate('payment_minor', '(through_contract - part)', 'whole') }}
        end as bigint) as amount_minor
    from shared

)

select * from final where amount_minor != 0

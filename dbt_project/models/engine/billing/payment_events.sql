-- Grain: movement of cash × contract of its invoice.
-- Why: receivables are kept per accounting contract; an invoice over several contracts is paid in proportion to
-- what it billed on each, tax included, cumulatively rounded. Refunds give back; a dispute takes money away until it is
-- won, and once lost there is nothing more to take (accounting.md §6).

with disputes as (

    -- disputes and how they ended, one to one in the order of their dates
    select
        payment_id,
        kind,
        coalesce(invoice_id, contract_id) as disputed,
        currency,
        amount_minor,
        row_number() over (
            partition by kind = 'dispute', coalesce(invoice_id, contract_id), currency, amount_minor
            order by payment_date, payment_id
        ) as place
    from {{ ref('payments_net') }}
    where kind in ('dispute', 'dispute_won', 'dispute_lost')

),

ended as (

    select outcomes.payment_id
    from disputes as outcomes
    inner join disputes as opened
        on opened.kind = 'dispute'
        and outcomes.kind != 'dispute'
        and outcomes.disputed = opened.disputed
        and outcomes.currency = opened.currency
        and outcomes.amount_minor = opened.amount_minor
        and outcomes.place = opened.place

),

payments as (

    select
        payments.payment_id,
        payments.kind,
        payments.invoice_id,
        payments.contract_id,
        payments.customer_id,
        payments.payment_date,
        payments.currency,
        payments.amount_minor * case
            when payments.kind = 'payment' then 1
            when payments.kind = 'dispute_won' and ended.payment_id is not null then 1
            when payments.kind in ('refund', 'dispute') then -1
            when payments.kind = 'dispute_lost' and ended.payment_id is null then -1
            else 0
        end as amount_minor
    from {{ ref('payments_net') }} as payments
    left join ended on payments.payment_id = ended.payment_id

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
        payments.kind,
        payments.customer_id,
        payments.currency,
        payments.payment_date as event_date,
        payments.amount_minor as payment_minor,
        coalesce(invoiced.contract_id, payments.contract_id, '(not linked)') as contract_id,
        cast(sum(abs(invoiced.invoiced_minor)) over (
            partition by payments.payment_id order by invoiced.contract_id
            rows between unbounded preceding and current row
        ) as bigint) as through_contract,
        cast(sum(abs(invoiced.invoiced_minor)) over (partition by payments.payment_id) as bigint) as whole,
        abs(invoiced.invoiced_minor) as part,
        row_number() over (partition by payments.payment_id order by invoiced.contract_id) as contract_rank
    from payments
    left join invoiced on payments.invoice_id = invoiced.invoice_id

),

final as (

    select
        'payment:' || payment_id as event_id,
        kind as event_type,
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

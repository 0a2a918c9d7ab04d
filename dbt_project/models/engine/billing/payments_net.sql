-- Grain: payment of any kind.
-- Why: a payment without tax: in proportion to what its invoice, issued by then, is without tax (accounting.md §6).

with payments as (

    select * from {{ ref('accepted__payments') }}

),

invoices as (

    select
        invoices.invoice_id,
        invoices.issue_date,
        links.invoice_total,
        cast(sum(lines.amount) as decimal(38, 3)) as net_total
    from {{ ref('accepted__invoices') }} as invoices
    inner join {{ ref('links__invoices') }} as links on invoices.record_key = links.record_key
    inner join {{ ref('accepted__invoice_lines') }} as lines on invoices.invoice_id = lines.invoice_id
    group by invoices.invoice_id, invoices.issue_date, links.invoice_total

),

in_minor_units as (

    select
        payments.payment_id,
        payments.kind,
        payments.invoice_id,
        payments.contract_id,
        payments.customer_id,
        payments.payment_date,
        payments.currency,
        currencies.exponent,
        {{ to_minor('payments.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('cast(invoices.net_total as decimal(18, 3))', 'currencies.exponent') }} as net_total_minor,
        {{ to_minor('cast(invoices.invoice_total as decimal(18, 3))', 'currencies.exponent') }} as invoice_total_minor
    from payments
    inner join {{ ref('exchange__currencies') }} as currencies on payments.currency = currencies.currency
    left join invoices on payments.invoice_id = invoices.invoice_id and invoices.issue_date <= payments.payment_date

)

select
    payment_id,
    kind,
    invoice_id,
    contract_id,
    customer_id,
    payment_date,
    currency,
    exponent,
    amount_minor,
    case
        when coalesce(invoice_total_minor, 0) <= 0 then amount_minor
        else {{ prorate('amount_minor', 'net_total_minor', 'invoice_total_minor') }}
    end as net_minor
from in_minor_units

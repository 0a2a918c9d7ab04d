-- Grain: payment of any kind × contract of its invoice.
-- Why: receivables are kept per accounting contract; an invoice over several contracts is paid in proportion to
-- what it billed on each, tax included, cumulatively rounded; what falls to a contract that is held back waits with it.
-- Refunds give back; a dispute takes money away until it is won, and once lost there is nothing more to take (accounting.md
-- §6). amount is the cash that moves, part what the payment is about, net the same without tax.

with held_back as (

    select contract_id from {{ ref('accepted__contracts_out') }} where fate in ('held', 'quarantined')

),

disputes as (

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
        payments.amount_minor,
        payments.net_minor,
        case
            when payments.kind = 'payment' then 1
            when payments.kind = 'dispute_won' and ended.payment_id is not null then 1
            when payments.kind in ('refund', 'dispute') then -1
            when payments.kind = 'dispute_lost' and ended.payment_id is null then -1
            else 0
        end as cash_sign
    from {{ ref('payments_net') }} as payments
    left join ended on payments.payment_id = ended.payment_id

),

invoiced as (

    select
        lines.document_id as invoice_id,
        coalesce(contracts.contract_id, '(not linked)') as contract_id,
        cast(sum(lines.amount_minor + lines.tax_minor) as bigint) as invoiced_minor
    from {{ ref('document_lines') }} as lines
    left join (select distinct contract_id from {{ ref('line_allocations') }}) as contracts
        on lines.contract_id = contracts.contract_id
    cross join {{ source('run', 'context') }} as context
    where lines.document_type = 'invoice' and lines.issue_date <= context.cut_date
    group by lines.document_id, coalesce(contracts.contract_id, '(not linked)')

    union all

    -- lines of contracts that are held back keep their part: it is none of the others'
    select
        invoices.invoice_id,
        held_back.contract_id,
        cast(sum({{ to_minor('lines.amount', 'currencies.exponent') }}
            + {{ to_minor('coalesce(lines.tax_amount, 0)', 'currencies.exponent') }}) as bigint) as invoiced_minor
    from {{ ref('exchange__invoice_lines') }} as lines
    inner join {{ ref('links__invoice_lines') }} as links on lines.record_key = links.record_key
    inner join held_back on links.contract_id = held_back.contract_id
    inner join {{ ref('accepted__invoices') }} as invoices on lines.invoice_id = invoices.invoice_id
    inner join {{ ref('exchange__currencies') }} as currencies on invoices.currency = currencies.currency
    cross join {{ source('run', 'context') }} as context
    where invoices.issue_date <= context.cut_date and lines.amount is not null
    group by invoices.invoice_id, held_back.contract_id

),

shared as (

    select
        payments.payment_id,
        payments.kind,
        payments.customer_id,
        payments.currency,
        payments.payment_date as event_date,
        payments.cash_sign,
        payments.amount_minor as payment_minor,
        payments.net_minor as payment_net_minor,
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

parts as (

    select
        'payment:' || payment_id as event_id,
        kind as event_type,
        contract_id,
        customer_id,
        currency,
        event_date,
        cash_sign,
        {%- for measure in ['payment', 'payment_net'] %}
        cast(case
            when coalesce(whole, 0) = 0 then case when contract_rank = 1 then {{ measure }}_minor else 0 end
            else {{ prorate(measure ~ '_minor', 'through_contract', 'whole') }}
                - {{ prorate(measure ~ '_minor', '(through_contract - part)', 'whole') }}
        end as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {%- endfor %}
    from shared

)

select
    event_id,
    event_type,
    contract_id,
    customer_id,
    currency,
    event_date,
    cash_sign * payment_minor as amount_minor,
    payment_minor as part_minor,
    payment_net_minor as net_minor
from parts
where payment_minor != 0
    and contract_id not in (select contract_id from held_back)

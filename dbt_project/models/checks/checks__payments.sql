-- Grain: payments record.
-- Why: every fact its rules ask for (expectations/suites/payments.yml).

with paid as (

    select invoice_id, cast(sum(amount) as decimal(38, 3)) as paid_total
    from {{ ref('exchange__payments') }} as records
    cross join {{ source('run', 'context') }} as context
    where kind = 'payment' and invoice_id is not null and payment_date <= context.cut_date
    group by invoice_id

),

-- invoices over several contracts
shared_invoices as (

    select invoice_id
    from {{ ref('links__invoice_lines') }}
    where invoice_id is not null
    group by invoice_id
    having count(distinct contract_id) > 1

),

final as (

    select
        {{ exchange_columns('payments', renamed={'contract_id': 'named_contract_id'}) }},
        links.contract_id,
        records.amount as held_amount,
        records.currency as held_currency,
        customers.customer_id is not null or records.customer_id = '(unknown)' as is_known_customer,
        currencies.currency is not null as is_known_currency,
        records.invoice_id is null or invoices.invoice_id is not null as is_known_invoice,
        records.contract_id is null or named.contract_id is not null as is_known_contract,
        coalesce(invoices.currency, named.currency) as document_currency,
        invoice_links.invoice_total,
        paid.paid_total,
        case
            when records.kind = 'write_off' and billed_as_a_whole.last_issue_date >= records.payment_date
                then 'a write-off before documents of its contract that name no contract lines'
            when records.kind in ('refund', 'dispute_lost') and shared_invoices.invoice_id is not null
                then 'a ' || records.kind || ' of an invoice over several contracts'
        end as unsupported,
        rates.missing_rate,
        context.cut_date,
        {{ common_checks('payments', 'currencies.exponent') }}
    from {{ ref('exchange__payments') }} as records
    left join {{ ref('links__payments') }} as links on records.record_key = links.record_key
    left join {{ ref('exchange__customers') }} as customers on records.customer_id = customers.customer_id
    left join {{ ref('exchange__currencies') }} as currencies on records.currency = currencies.currency
    left join {{ ref('exchange__invoices') }} as invoices on records.invoice_id = invoices.invoice_id
    left join {{ ref('links__invoices') }} as invoice_links on records.invoice_id = invoice_links.invoice_id
    left join {{ ref('links__contracts') }} as named on records.contract_id = named.contract_id
    left join paid on records.invoice_id = paid.invoice_id
    left join {{ ref('links__entity_currencies') }} as entity_currencies
        on coalesce(invoice_links.entity_id, named.entity_id) = entity_currencies.entity_id
    left join {{ ref('links__rates') }} as rates
        on records.currency = rates.currency
        and entity_currencies.functional_currency = rates.functional_currency
        and records.payment_date = rates.used_date
    left join {{ ref('links__billed_as_a_whole') }} as billed_as_a_whole on links.contract_id = billed_as_a_whole.contract_id
    left join shared_invoices on records.invoice_id = shared_invoices.invoice_id
    cross join {{ source('run', 'context') }} as context

)

select * from final

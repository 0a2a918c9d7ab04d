-- Grain: credit_notes record.
-- Why: every fact its rules ask for (expectations/suites/credit_notes.yml).

with line_totals as (

    select
        credit_note_id,
        cast(sum(amount) as decimal(38, 3)) as lines_total,
        cast(sum(tax_amount) as decimal(38, 3)) as lines_tax
    from {{ ref('exchange__credit_note_lines') }}
    group by credit_note_id

),

other_currencies as (

    select records.credit_note_id, min(credited.currency) as contract_currency
    from {{ ref('exchange__credit_notes') }} as records
    inner join (
        select lines.credit_note_id, contracts.currency
        from {{ ref('links__credit_note_lines') }} as lines
        inner join {{ ref('exchange__contracts') }} as contracts on lines.contract_id = contracts.contract_id
        union all
        select links.credit_note_id, invoices.currency
        from {{ ref('links__credit_notes') }} as links
        inner join {{ ref('exchange__invoices') }} as invoices on links.invoice_id = invoices.invoice_id
    ) as credited on records.credit_note_id = credited.credit_note_id
    where credited.currency != records.currency
    group by records.credit_note_id

),

credited as (

    select links.invoice_id, cast(sum(links.credit_total) as decimal(38, 3)) as credited_total
    from {{ ref('links__credit_notes') }} as links
    inner join {{ ref('exchange__credit_notes') }} as records on links.record_key = records.record_key
    cross join {{ source('run', 'context') }} as context
    where links.invoice_id is not null
        and coalesce(records.status, '') not in ('draft', 'void')
        and records.issue_date <= context.cut_date
    group by links.invoice_id

),

final as (

    select
        {{ exchange_columns('credit_notes', renamed={'contract_id': 'named_contract_id'}) }},
        links.contract_id,
        links.credit_total as held_amount,
        records.currency as held_currency,
        customers.customer_id is not null or records.customer_id = '(unknown)' as is_known_customer,
        currencies.currency is not null as is_known_currency,
        links.entity_id is not null as has_entity,
        records.contract_id is null or named.contract_id is not null as is_known_contract,
        records.invoice_id is null or invoices.invoice_id is not null as is_known_invoice,
        coalesce(line_totals.lines_total, 0) + coalesce(line_totals.lines_tax, 0) as documented_total,
        line_totals.lines_tax,
        other_currencies.contract_currency,
        links.invoice_id as credited_invoice_id,
        credited_invoices.invoice_total,
        credited.credited_total,
        rates.missing_rate,
        context.cut_date,
        {{ common_checks('credit_notes', 'currencies.exponent') }}
    from {{ ref('exchange__credit_notes') }} as records
    left join {{ ref('links__credit_notes') }} as links on records.record_key = links.record_key
    left join {{ ref('exchange__customers') }} as customers on records.customer_id = customers.customer_id
    left join {{ ref('exchange__currencies') }} as currencies on records.currency = currencies.currency
    left join {{ ref('links__contracts') }} as named on records.contract_id = named.contract_id
    left join {{ ref('exchange__invoices') }} as invoices on records.invoice_id = invoices.invoice_id
    left join line_totals on records.credit_note_id = line_totals.credit_note_id
    left join other_currencies on records.credit_note_id = other_currencies.credit_note_id
    left join {{ ref('links__invoices') }} as credited_invoices on links.invoice_id = credited_invoices.invoice_id
    left join credited on links.invoice_id = credited.invoice_id
    left join {{ ref('links__entity_currencies') }} as entity_currencies on links.entity_id = entity_currencies.entity_id
    left join {{ ref('links__rates') }} as rates
        on records.currency = rates.currency
        and entity_currencies.functional_currency = rates.functional_currency
        and records.issue_date = rates.used_date
    cross join {{ source('run', 'context') }} as context

)

select * from final

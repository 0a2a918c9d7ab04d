-- Grain: invoices record.
-- Why: every fact its rules ask for (expectations/suites/invoices.yml).

with line_totals as (

    select
        invoice_id,
        cast(sum(amount) as decimal(38, 3)) as lines_total,
        cast(sum(tax_amount) as decimal(38, 3)) as lines_tax
    from {{ ref('exchange__invoice_lines') }}
    group by invoice_id

),

-- contracts of the invoice's lines that are in another currency
other_currencies as (

    select lines.invoice_id, min(contracts.currency) as contract_currency
    from {{ ref('links__invoice_lines') }} as lines
    inner join {{ ref('exchange__contracts') }} as contracts on lines.contract_id = contracts.contract_id
    inner join {{ ref('exchange__invoices') }} as records on lines.invoice_id = records.invoice_id
    where contracts.currency != records.currency
    group by lines.invoice_id

),

final as (

    select
        {{ exchange_columns('invoices', renamed={'contract_id': 'named_contract_id'}) }},
        links.contract_id,
        links.invoice_total as held_amount,
        records.currency as held_currency,
        customers.customer_id is not null or records.customer_id = '(unknown)' as is_known_customer,
        currencies.currency is not null as is_known_currency,
        records.entity_id is null or records.entity_id = context.default_entity_id and not entity_of_all.has_entities
            or entities.entity_id is not null as is_known_entity,
        links.entity_id is not null as has_entity,
        records.contract_id is null or named.contract_id is not null as is_known_contract,
        coalesce(line_totals.lines_total, 0) as lines_total,
        line_totals.lines_tax,
        coalesce(line_totals.lines_total, 0) + coalesce(line_totals.lines_tax, records.tax_amount, 0) as documented_total,
        other_currencies.contract_currency,
        rates.missing_rate,
        context.cut_date,
        {{ common_checks('invoices', 'currencies.exponent') }}
    from {{ ref('exchange__invoices') }} as records
    left join {{ ref('links__invoices') }} as links on records.record_key = links.record_key
    left join {{ ref('exchange__customers') }} as customers on records.customer_id = customers.customer_id
    left join {{ ref('exchange__currencies') }} as currencies on records.currency = currencies.currency
    left join {{ ref('exchange__entities') }} as entities on records.entity_id = entities.entity_id
    left join {{ ref('links__contracts') }} as named on records.contract_id = named.contract_id
    left join line_totals on records.invoice_id = line_totals.invoice_id
    left join other_currencies on records.invoice_id = other_currencies.invoice_id
    left join {{ ref('links__entity_currencies') }} as entity_currencies on links.entity_id = entity_currencies.entity_id
    left join {{ ref('links__rates') }} as rates
        on records.currency = rates.currency
        and entity_currencies.functional_currency = rates.functional_currency
        and records.issue_date = rates.used_date
    cross join {{ ref('links__only_entity') }} as entity_of_all
    cross join {{ source('run', 'context') }} as context

)

select * from final

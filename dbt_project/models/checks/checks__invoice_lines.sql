-- Grain: invoice_lines record.
-- Why: every fact its rules ask for (expectations/suites/invoice_lines.yml).

with as_invoiced as (

    select contract_line_id from {{ ref('contract_line_terms') }} where recognition_method = 'as_invoiced'

),

final as (

    select
        {{ exchange_columns('invoice_lines') }},
        links.contract_id,
        records.amount as held_amount,
        invoices.currency as held_currency,
        invoices.invoice_id is not null as is_known_invoice,
        coalesce(invoices.status in ('draft', 'void'), false) as is_of_no_invoice,
        records.contract_line_id is null or lines.contract_line_id is not null as is_known_line,
        coalesce(contracts.status in ('draft', 'proposal'), false) as is_of_no_contract,
        as_invoiced.contract_line_id is not null as is_recognized_as_invoiced,
        {{ common_checks('invoice_lines', 'currencies.exponent') }}
    from {{ ref('exchange__invoice_lines') }} as records
    left join {{ ref('links__invoice_lines') }} as links on records.record_key = links.record_key
    left join {{ ref('exchange__invoices') }} as invoices on records.invoice_id = invoices.invoice_id
    left join {{ ref('exchange__currencies') }} as currencies on invoices.currency = currencies.currency
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join as_invoiced on links.contract_line_id = as_invoiced.contract_line_id
    left join {{ ref('exchange__contracts') }} as contracts on links.contract_id = contracts.contract_id

)

select * from final

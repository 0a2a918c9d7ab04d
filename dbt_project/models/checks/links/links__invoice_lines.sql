-- Grain: invoice line.
-- Why: the contract it belongs to: its contract line's, else the one its invoice names (accounting.md §6).
-- Null: an unlinked billing.
{{ config(materialized='table') }}

with invoice_lines as (

    select record_key, invoice_line_id, invoice_id, contract_line_id from {{ ref('exchange__invoice_lines') }}

),

final as (

    select
        invoice_lines.record_key,
        invoice_lines.invoice_line_id,
        invoice_lines.invoice_id,
        coalesce(line_contracts.contract_id, named_contracts.contract_id) as contract_id,
        case when line_contracts.contract_id is not null then lines.contract_line_id end as contract_line_id
    from invoice_lines
    left join {{ ref('exchange__invoices') }} as invoices on invoice_lines.invoice_id = invoices.invoice_id
    left join {{ ref('links__contract_lines') }} as lines on invoice_lines.contract_line_id = lines.contract_line_id
    left join {{ ref('links__contracts') }} as line_contracts on lines.contract_id = line_contracts.contract_id
    left join {{ ref('links__contracts') }} as named_contracts on invoices.contract_id = named_contracts.contract_id

)

select * from final

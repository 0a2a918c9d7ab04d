-- Grain: credit note line.
-- Why: the contract it belongs to: its contract line's, else its invoice line's, else the one its credit note
-- names, else the one its invoice belongs to. Null: an unlinked credit.
{{ config(materialized='table') }}

with credit_note_lines as (

    select record_key, credit_note_id, invoice_line_id, contract_line_id from {{ ref('exchange__credit_note_lines') }}

),

final as (

    select
        credit_note_lines.record_key,
        credit_note_lines.credit_note_id,
        coalesce(invoice_lines.invoice_id, credit_notes.invoice_id) as invoice_id,
        coalesce(
            line_contracts.contract_id, invoice_lines.contract_id, named_contracts.contract_id, invoices.contract_id
        ) as contract_id,
        case
            when line_contracts.contract_id is not null then lines.contract_line_id
            else invoice_lines.contract_line_id
        end as contract_line_id
    from credit_note_lines
    left join {{ ref('exchange__credit_notes') }} as credit_notes
        on credit_note_lines.credit_note_id = credit_notes.credit_note_id
    left join {{ ref('links__contract_lines') }} as lines
        on credit_note_lines.contract_line_id = lines.contract_line_id
    left join {{ ref('links__contracts') }} as line_contracts on lines.contract_id = line_contracts.contract_id
    left join {{ ref('links__invoice_lines') }} as invoice_lines
        on credit_note_lines.invoice_line_id = invoice_lines.invoice_line_id
    left join {{ ref('links__contracts') }} as named_contracts
        on credit_notes.contract_id = named_contracts.contract_id
    left join {{ ref('links__invoices') }} as invoices on credit_notes.invoice_id = invoices.invoice_id

)

select * from final

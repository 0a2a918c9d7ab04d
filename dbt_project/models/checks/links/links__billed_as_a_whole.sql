-- Grain: contract of several lines that has invoice lines without a contract line.
-- Why: what is billed on its lines follows from what is contracted, which rules that read both ask about; last_issue_date
-- is that of the last document that falls on its lines so.
{{ config(materialized='table') }}

with documents as (

    select lines.contract_id, invoices.issue_date, true as is_invoice
    from {{ ref('links__invoice_lines') }} as lines
    inner join {{ ref('exchange__invoices') }} as invoices on lines.invoice_id = invoices.invoice_id
    where lines.contract_line_id is null

    union all

    select links.contract_id, credit_notes.issue_date, false as is_invoice
    from {{ ref('links__credit_note_lines') }} as links
    inner join {{ ref('exchange__credit_note_lines') }} as lines on links.record_key = lines.record_key
    inner join {{ ref('exchange__credit_notes') }} as credit_notes on lines.credit_note_id = credit_notes.credit_note_id
    where links.contract_line_id is null and lines.reason is distinct from 'bad_debt'

)

select documents.contract_id, max(documents.issue_date) as last_issue_date
from documents
inner join (
    select contract_id from {{ ref('links__contract_lines') }} group by contract_id having count(*) > 1
) as contracts
    on documents.contract_id = contracts.contract_id
group by documents.contract_id
having bool_or(documents.is_invoice)

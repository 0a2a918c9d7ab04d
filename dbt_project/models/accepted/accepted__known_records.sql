-- Grain: entity × record that is used and belongs to a contract.
-- Why: what figures stand on, and in which version: tells late from corrected at the next close, and what has
-- vanished since. A document over several contracts is kept under the first of them that is no draft.

{% for entity in [
    'contracts', 'contract_lines', 'amendments', 'estimates', 'fulfillments', 'invoice_lines', 'credit_note_lines',
    'payments',
] -%}
select '{{ entity }}' as entity, record_key, contract_id, record_version
from {{ ref('accepted__' ~ entity) }}
where contract_id is not null

union all

{% endfor -%}
select 'invoices' as entity, invoices.record_key, lines.contract_id, invoices.record_version
from {{ ref('accepted__invoices') }} as invoices
inner join (
    select invoice_id, min(contract_id) as contract_id from {{ ref('accepted__invoice_lines') }} group by invoice_id
) as lines on invoices.invoice_id = lines.invoice_id
where lines.contract_id is not null

union all

select 'credit_notes' as entity, credit_notes.record_key, lines.contract_id, credit_notes.record_version
from {{ ref('accepted__credit_notes') }} as credit_notes
inner join (
    select credit_note_id, min(contract_id) as contract_id
    from {{ ref('accepted__credit_note_lines') }}
    group by credit_note_id
) as lines on credit_notes.credit_note_id = lines.credit_note_id
where lines.contract_id is not null

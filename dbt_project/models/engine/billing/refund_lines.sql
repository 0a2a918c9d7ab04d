-- Grain: refund or lost dispute that lowers the price × contract line that its invoice names.
-- Why: it falls on the lines that were invoiced, by what was invoiced of each (accounting.md §6); one without such
-- lines falls on the whole contract like a credit note would.

select
    refunds.payment_id,
    lines.contract_line_id,
    cast(sum({{ to_minor('lines.amount', 'refunds.exponent') }}) as bigint) as invoiced_minor
from {{ ref('payments_net') }} as refunds
inner join {{ ref('accepted__invoices') }} as invoices
    on refunds.invoice_id = invoices.invoice_id and invoices.issue_date <= refunds.payment_date
inner join {{ ref('accepted__invoice_lines') }} as lines
    on invoices.invoice_id = lines.invoice_id and lines.contract_id = refunds.contract_id
inner join {{ ref('line_allocations') }} as terms
    on lines.contract_line_id = terms.contract_line_id and terms.signed_date <= refunds.payment_date
where refunds.kind in ('refund', 'dispute_lost')
group by refunds.payment_id, lines.contract_line_id

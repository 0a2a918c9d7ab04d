-- Grain: refund or lost dispute that lowers the price × contract line that its invoice names.
-- Why: it falls on the lines that were invoiced, by what was invoiced of each, cumulatively rounded (accounting.md §6): on
-- no discount, and on no line whose amendment is still to take effect. One without such lines falls on the whole contract
-- like a credit note would.

with invoiced as (

    select
        refunds.payment_id,
        lines.contract_line_id,
        max(terms.line_place) as line_place,
        max(refunds.net_minor) as refund_net_minor,
        max(refunds.amount_minor) as refund_minor,
        cast(sum({{ to_minor('lines.amount', 'refunds.exponent') }}) as bigint) as invoiced_minor
    from {{ ref('payments_net') }} as refunds
    inner join {{ ref('accepted__invoices') }} as invoices
        on refunds.invoice_id = invoices.invoice_id and invoices.issue_date <= refunds.payment_date
    inner join {{ ref('accepted__invoice_lines') }} as lines
        on invoices.invoice_id = lines.invoice_id and lines.contract_id = refunds.contract_id
    inner join {{ ref('line_allocations') }} as terms
        on lines.contract_line_id = terms.contract_line_id and terms.counts_from <= refunds.payment_date
    where refunds.kind in ('refund', 'dispute_lost')
        and not terms.is_discount
    group by refunds.payment_id, lines.contract_line_id

),

cumulated as (

    select
        invoiced.*,
        cast(sum(invoiced_minor) over (
            partition by payment_id order by line_place rows between unbounded preceding and current row
        ) as bigint) as through_line,
        cast(sum(invoiced_minor) over (partition by payment_id) as bigint) as whole
    from invoiced

)

select
    payment_id,
    contract_line_id,
    {%- for measure in ['refund_net', 'refund'] %}
    {{ prorate(measure ~ '_minor', 'through_line', 'whole') }}
    - {{ prorate(measure ~ '_minor', '(through_line - invoiced_minor)', 'whole') }} as {{ measure }}_minor{{ ',' if not loop.last }}
    {%- endfor %}
from cumulated
where whole > 0

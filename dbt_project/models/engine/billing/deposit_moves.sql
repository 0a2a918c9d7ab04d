-- Grain: payment, refund or applied credit × contract × what becomes of it (stands aside, is applied, is applied no more).
-- Why: money that settles no invoice stands aside (accounting.md §6 deposits). What names an invoice is applied once that
-- counts, a credit without one on its own day; a void takes the application back. Whether there was enough to apply or to
-- give back is the matter of deposits.

with invoices as (

    select
        invoice_id,
        counts_from,
        case when status = 'void' then greatest(status_date, issue_date) end as counts_until
    from {{ ref('accepted__invoices') }}

),

payments as (

    select
        events.event_id,
        events.event_type,
        events.contract_id,
        events.customer_id,
        events.currency,
        events.event_date,
        events.part_minor,
        events.net_minor,
        invoices.counts_until,
        case
            when invoices.invoice_id is not null then greatest(invoices.counts_from, events.event_date)
            when events.event_type = 'credit_applied' and named.invoice_id is null then events.event_date
        end as applied_from
    from {{ ref('payment_events') }} as events
    inner join {{ ref('accepted__payments') }} as named on events.event_id = 'payment:' || named.payment_id
    left join invoices
        on named.invoice_id = invoices.invoice_id
        and (invoices.counts_until is null or invoices.counts_until > events.event_date)
    where events.event_type in ('payment', 'refund', 'credit_applied')

)

{% for move, moved_on, payment_sign, where in [
    ('deposit', 'event_date', 1, "event_type != 'credit_applied' and (applied_from is null or applied_from > event_date)"),
    ('deposit_applied', 'applied_from', -1, "event_type = 'credit_applied' and applied_from is not null or applied_from > event_date"),
    ('deposit_void', 'greatest(counts_until, applied_from)', 1, 'counts_until is not null and applied_from is not null'),
] -%}
select
    event_id,
    '{{ move }}' as move,
    event_type,
    contract_id,
    customer_id,
    currency,
    {{ moved_on }} as moved_on,
    case when event_type = 'refund' then -part_minor else part_minor end * {{ payment_sign }} as amount_minor,
    part_minor,
    net_minor
from payments
where {{ where }}
{{ 'union all' if not loop.last }}
{% endfor %}

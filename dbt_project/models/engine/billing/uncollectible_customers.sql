-- Grain: customer of which an invoice is uncollectible.
-- Why: since when, as the invoices stand now, and until when its contracts earn by policy stop_on_uncollectible
-- (accounting.md §6): to the day before, or, where it is off, on (null).

with found as (

    select invoices.customer_id, min(coalesce(invoices.status_date, invoices.issue_date)) as found_on
    from {{ ref('accepted__invoices') }} as invoices
    cross join {{ source('run', 'context') }} as context
    where invoices.status = 'uncollectible' and coalesce(invoices.status_date, invoices.issue_date) <= context.cut_date
    group by invoices.customer_id

)

select
    found.customer_id,
    found.found_on,
    case when context.policy_stop_on_uncollectible then {{ add_days('found.found_on', '-1') }} end as earned_until
from found
cross join {{ source('run', 'context') }} as context

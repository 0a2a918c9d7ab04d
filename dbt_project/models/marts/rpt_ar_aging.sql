-- Grain: period × entity × currency × age bucket.
-- Why: receivables by how long they are due at the period's end (accounting.md §7). Amounts in the row's currency.

select
    period,
    entity_id,
    currency,
    age_bucket,
    cast(sum(open) as decimal(18, 3)) as open,
    cast({{ sum_known('open_reporting') }} as decimal(18, 3)) as open_reporting,
    cast(count(distinct case when open != 0 then invoice_id end) as integer) as invoices
from {{ ref('fct_receivables') }}
where open != 0
group by period, entity_id, currency, age_bucket

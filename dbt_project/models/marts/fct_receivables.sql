-- Grain: invoice × contract × period end, while something of it is open and the period in which nothing is any more.
-- Why: what customers owe, by invoice and by how long it is due (accounting.md §7). An invoice over several contracts has a
-- row for each; what lowers a contract's receivable and names no invoice stands under '(not linked)'.

{% set amounts = ['billed', 'credited', 'paid', 'written_off', 'open'] %}

with dated as (

    select
        positions.*,
        periods.period,
        currencies.exponent,
        coalesce(invoices.issue_date, published.issue_date) as issue_date,
        coalesce(invoices.due_date, invoices.issue_date, published.due_date) as due_date,
        periods.cut_end
    from {{ ref('receivable_positions') }} as positions
    inner join {{ ref('periods') }} as periods on positions.period_index = periods.period_index
    inner join {{ ref('exchange__currencies') }} as currencies on positions.currency = currencies.currency
    left join {{ ref('accepted__invoices') }} as invoices on positions.invoice_id = invoices.invoice_id
    left join (
        select invoice_id, min(issue_date) as issue_date, min(due_date) as due_date
        from {{ source('frozen', 'fct_receivables') }}
        group by invoice_id
    ) as published
        on positions.invoice_id = published.invoice_id

),

aged as (

    select
        dated.*,
        case when due_date is not null then greatest({{ days_between('due_date', 'cut_end') }}, 0) end as days_overdue
    from dated

)

select
    aged.period,
    aged.entity_id,
    aged.customer_id,
    aged.contract_id,
    aged.invoice_id,
    aged.currency,
    aged.issue_date,
    aged.due_date,
    {% for amount in amounts -%}
    {{ to_amount('aged.' ~ amount ~ '_minor', 'aged.exponent') }} as {{ amount }},
    {{ in_reporting_currency(to_amount('aged.' ~ amount ~ '_minor', 'aged.exponent'), 'aged.currency') }} as {{ amount }}_reporting,
    {% endfor -%}
    cast(aged.days_overdue as integer) as days_overdue,
    -- money that is owed to the customer is never overdue
    {{ age_bucket('(case when aged.open_minor >= 0 then aged.days_overdue end)', 'not applied') }} as age_bucket
from aged
cross join {{ source('run', 'context') }} as context

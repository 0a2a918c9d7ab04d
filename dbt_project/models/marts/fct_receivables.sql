-- Grain: invoice × contract × period end, while something of it is open and the period in which nothing is any more.
-- Why: what customers owe, by invoice and by how long it is due (accounting.md §7). An invoice over several contracts has a
-- row for each; what lowers a contract's receivable and names no invoice stands under '(not linked)'.

{% set amounts = ['billed', 'credited', 'paid', 'written_off', 'open'] %}

with dated as (

    select
        positions.*,
        periods.period,
        currencies.exponent,
        currencies.reporting_exponent,
        currencies.is_foreign,
        currencies.is_translated,
        currencies.currency_pair,
        coalesce(invoices.issue_date, published.issue_date) as issue_date,
        coalesce(invoices.due_date, invoices.issue_date, published.due_date) as due_date,
        periods.cut_end
    from {{ ref('receivable_positions') }} as positions
    inner join {{ ref('periods') }} as periods on positions.period_index = periods.period_index
    inner join {{ ref('currency_scopes') }} as currencies
        on positions.entity_id = currencies.entity_id and positions.currency = currencies.currency
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

),

functional as (

    select
        aged.*,
        rates.reporting_numerator,
        rates.reporting_denominator,
        {% for amount in amounts if amount != 'billed' -%}
        {{ to_functional('aged.' ~ amount ~ '_minor', 'aged', 'rates') }} as {{ amount }}_functional_minor{{ ',' if not loop.last }}
        {% endfor %}
    from aged
    left join {{ ref('currency_periods') }} as rates
        on aged.currency_pair = rates.currency_pair
        and aged.period_index = rates.period_index
        and rates.rate_kind = 'closing'

),

reported as (

    select
        functional.*,
        {% for amount in amounts if amount != 'billed' -%}
        {{ to_reporting('functional.' ~ amount ~ '_functional_minor', 'functional', 'functional') }}
            as {{ amount }}_reporting_minor{{ ',' if not loop.last }}
        {% endfor %}
    from functional

)

select
    reported.period,
    reported.entity_id,
    reported.customer_id,
    reported.contract_id,
    reported.invoice_id,
    reported.currency,
    reported.issue_date,
    reported.due_date,
    {% for amount in amounts -%}
    {{ to_amount('reported.' ~ amount ~ '_minor', 'reported.exponent') }} as {{ amount }},
    {% if amount == 'billed' -%}
    -- what the others leave: a row adds up in every currency
    {{ to_amount(
        '(reported.open_reporting_minor + reported.credited_reporting_minor + reported.paid_reporting_minor'
        ~ ' + reported.written_off_reporting_minor)', 'reported.reporting_exponent') }} as billed_reporting,
    {% else -%}
    {{ to_amount('reported.' ~ amount ~ '_reporting_minor', 'reported.reporting_exponent') }} as {{ amount }}_reporting,
    {% endif -%}
    {% endfor -%}
    cast(reported.days_overdue as integer) as days_overdue,
    -- money that is owed to the customer is never overdue
    {{ age_bucket('(case when reported.open_minor >= 0 then reported.days_overdue end)', 'not applied') }} as age_bucket
from reported

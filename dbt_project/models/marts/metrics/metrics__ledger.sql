-- Grain: open period × entity × currency × measure.
-- Why: the measures of accounting.md §10 that come from the general ledger alone, as numerator and denominator in thousandths of
-- the journal lines' currency; docs/metrics has a page of each. Empty where no journal of the ledger is delivered.

with lines as (

    select
        case when days.is_closed then 0 else days.period_index end as period_index,
        lines.entity_id,
        lines.currency,
        lines.journal_id,
        {{ to_thousandths('lines.debit') }} - {{ to_thousandths('lines.credit') }} as thousandths,
        accounts.account_type,
        coalesce(accounts.account_category, '') as account_category
    from {{ ref('accepted__gl_journal_lines') }} as lines
    inner join {{ ref('period_days') }} as days on lines.posting_date = days.day
    inner join {{ ref('exchange__gl_accounts') }} as accounts on lines.account_id = accounts.account_id

),

-- money that comes from, or goes to, plant, lenders and owners
financing as (

    select distinct entity_id, journal_id
    from lines
    where account_category in ('noncurrent_asset', 'noncurrent_liability') or account_type = 'equity'

),

summed as (

    select
        lines.period_index,
        lines.entity_id,
        lines.currency,
        sum(case when account_category = 'cash' and financing.journal_id is null then thousandths else 0 end) as operating_cash,
        sum(case when account_category in ('cash', 'accounts_receivable', 'unbilled_receivable') then thousandths else 0 end) as quick_assets,
        sum(case when account_type = 'asset' then thousandths else 0 end) as assets,
        sum(case when account_type = 'asset' and account_category != 'noncurrent_asset' then thousandths else 0 end) as current_assets,
        -sum(case when account_type = 'liability' then thousandths else 0 end) as liabilities,
        -sum(case when account_type = 'liability' and account_category != 'noncurrent_liability' then thousandths else 0 end)
            as current_liabilities,
        -sum(case when account_type in ('equity', 'revenue', 'expense') then thousandths else 0 end) as equity,
        -- year-end entries, which move what is earned to equity, are none of the period's
        -sum(case when account_type = 'revenue' and financing.journal_id is null then thousandths else 0 end) as revenue,
        sum(case when account_category = 'cost_of_revenue' and financing.journal_id is null then thousandths else 0 end) as cost
    from lines
    left join financing on lines.entity_id = financing.entity_id and lines.journal_id = financing.journal_id
    group by lines.period_index, lines.entity_id, lines.currency

),

measured as (

    select
        periods.period,
        summed.entity_id,
        summed.currency,
        {% for balance in ['quick_assets', 'assets', 'current_assets', 'liabilities', 'current_liabilities', 'equity'] -%}
        sum(summed.{{ balance }}) as {{ balance }},
        {% endfor -%}
        {% for flow in ['operating_cash', 'revenue', 'cost'] -%}
        sum(case when summed.period_index = periods.period_index then summed.{{ flow }} else 0 end) as {{ flow }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('periods') }} as periods
    inner join summed on summed.period_index <= periods.period_index
    where periods.is_open
    group by periods.period, summed.entity_id, summed.currency

)

{% for metric, numerator, denominator in [
    ('current_ratio', 'current_assets', 'current_liabilities'),
    ('quick_ratio', 'quick_assets', 'current_liabilities'),
    ('debt_to_equity', 'liabilities', 'equity'),
    ('gross_margin', 'revenue - cost', 'revenue'),
    ('operating_cash_flow', 'operating_cash', 'null'),
    ('operating_cash_flow_to_capital_employed', 'operating_cash', 'assets - current_liabilities'),
] -%}
select
    period,
    entity_id,
    currency,
    '{{ metric }}' as metric,
    '' as breakdown,
    cast({{ numerator }} as bigint) as numerator,
    cast({{ denominator }} as bigint) as denominator
from measured
{{ 'union all' if not loop.last }}
{% endfor %}

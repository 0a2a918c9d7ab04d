-- Grain: open period × entity × currency, from the first figure on.
-- Why: bookings, billings, revenue and backlog side by side, and what the ratios of a period are made of (accounting.md §10):
-- rpt_bbb reads them as columns, rpt_metrics as rows. Thousandths.

{% set measures = ['bookings', 'billings', 'revenue', 'backlog', 'deferred_revenue', 'contract_asset'] %}
{% set columns = measures + [
    'bookings_reporting', 'billings_reporting', 'revenue_reporting', 'backlog_reporting', 'deferred_revenue_reporting',
    'contract_asset_reporting',
] %}

with facts as (

    {% for measure, relation, column in [
        ('bookings', 'fct_bookings', 'amount'), ('billings', 'fct_billings', 'amount'),
        ('revenue', 'fct_recognized_revenue', 'amount'), ('backlog', 'fct_backlog', 'backlog'),
        ('deferred_revenue', 'fct_contract_balances', 'deferred_revenue'),
        ('contract_asset', 'fct_contract_balances', 'contract_asset'),
    ] -%}
    select period, entity_id, currency, '{{ measure }}' as measure, {{ to_thousandths(column) }} as thousandths,
        {{ to_thousandths(column ~ '_reporting') }} as reporting_thousandths
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

open_periods as (

    select period, period_index, true as is_open from {{ ref('periods') }} where is_open

),

history as (

    select
        published.period,
        periods.period_index,
        published.entity_id,
        published.currency,
        {% for measure in measures -%}
        {{ to_thousandths('published.' ~ measure) }} as {{ measure }},
        cast(null as bigint) as {{ measure }}_reporting{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('frozen', 'rpt_bbb') }} as published
    inner join {{ ref('periods') }} as periods on published.period = periods.period

),

scopes as (

    -- every entity and currency from its first figure on
    select entity_id, currency, min(period_index) as first_index
    from (
        select entity_id, currency, period_index from history
        union all
        select facts.entity_id, facts.currency, open_periods.period_index
        from facts
        inner join open_periods on facts.period = open_periods.period
    ) as seen
    group by entity_id, currency

),

summed as (

    select
        open_periods.period,
        open_periods.period_index,
        scopes.entity_id,
        scopes.currency,
        {% for measure in measures -%}
        cast(sum(case when facts.measure = '{{ measure }}' then facts.thousandths else 0 end) as bigint) as {{ measure }},
        -- null where a rate is missing, 0 where there is nothing
        cast(case
            when count(case when facts.measure = '{{ measure }}' and facts.reporting_thousandths is null then 1 end) = 0
                then coalesce(sum(case when facts.measure = '{{ measure }}' then facts.reporting_thousandths end), 0)
        end as bigint) as {{ measure }}_reporting{{ ',' if not loop.last }}
        {% endfor %}
    from scopes
    inner join open_periods on scopes.first_index <= open_periods.period_index
    left join facts
        on open_periods.period = facts.period
        and scopes.entity_id = facts.entity_id
        and scopes.currency = facts.currency
    group by open_periods.period, open_periods.period_index, scopes.entity_id, scopes.currency

),

series as (

    select
        combined.*,
        lag(backlog) over (partition by entity_id, currency order by period_index) as backlog_before,
        cast(sum(revenue) over three_periods as bigint) as revenue_of_three,
        count(*) over three_periods as periods_of_three
    from (
        select period, period_index, entity_id, currency, {{ columns | join(', ') }}, true as is_open from summed
        union all
        select period, period_index, entity_id, currency, {{ columns | join(', ') }}, false as is_open from history
    ) as combined
    window three_periods as (
        partition by entity_id, currency order by period_index rows between 2 preceding and current row
    )

)

select
    period,
    entity_id,
    currency,
    {{ columns | join(', ') }},
    bookings as book_to_bill_numerator,
    billings as book_to_bill_denominator,
    revenue as revenue_recognition_rate_numerator,
    coalesce(backlog_before, 0) + bookings as revenue_recognition_rate_denominator,
    case when periods_of_three = 3 then 3 * backlog end as backlog_coverage_months_numerator,
    case when periods_of_three = 3 then revenue_of_three end as backlog_coverage_months_denominator,
    backlog - backlog_before as backlog_growth_numerator,
    coalesce(backlog_before, 0) as backlog_growth_denominator
from series
where is_open

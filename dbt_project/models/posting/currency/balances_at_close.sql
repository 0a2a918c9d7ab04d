-- Grain: balance (accounting contract × entity × currency), only what is translated.
-- Why: what the last closed month published of it in functional and reporting currency; months published before there were
-- rates are taken at the rate of that month's last day. Minor units.

{% set balances = ['deferred_revenue', 'contract_asset', 'refund_liability', 'customer_deposits', 'accounts_receivable'] %}

with published as (

    select
        balances.balance_id,
        balances.is_foreign,
        balances.is_translated,
        balances.currency_pair,
        context.last_closed_end,
        {% for balance in balances -%}
        {{ to_minor('months.' ~ balance, 'balances.exponent') }} as {{ balance }}_minor,
        {{ to_minor('months.' ~ balance ~ '_functional', 'balances.functional_exponent') }} as {{ balance }}_functional_minor,
        {{ to_minor('months.' ~ balance ~ '_reporting', 'balances.reporting_exponent') }} as {{ balance }}_reporting_minor{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('frozen', 'fct_contract_balances') }} as months
    cross join {{ source('run', 'context') }} as context
    inner join {{ ref('balances') }} as balances
        on months.accounting_contract_id = balances.accounting_contract_id
        and months.entity_id = balances.entity_id
        and months.currency = balances.currency
        and (balances.customer_id is null or months.customer_id = balances.customer_id)
    where months.period = context.last_closed_period and balances.currency_pair is not null

),

valued as (

    select
        published.*,
        {% for balance in balances -%}
        coalesce(
            published.{{ balance }}_functional_minor, {{ to_functional('published.' ~ balance ~ '_minor', 'published', 'rates') }}
        ) as {{ balance }}_functional{{ ',' if not loop.last }}
        {% endfor %}
    from published
    left join {{ ref('currency_days') }} as rates
        on published.currency_pair = rates.currency_pair and published.last_closed_end = rates.rate_day

)

select
    valued.balance_id,
    {% for balance in balances -%}
    cast(valued.{{ balance }}_functional as bigint) as {{ balance }}_functional_minor,
    cast(coalesce(
        valued.{{ balance }}_reporting_minor, {{ to_reporting('valued.' ~ balance ~ '_functional', 'valued', 'rates') }}
    ) as bigint) as {{ balance }}_reporting_minor{{ ',' if not loop.last }}
    {% endfor %}
from valued
left join {{ ref('currency_days') }} as rates
    on valued.currency_pair = rates.currency_pair and valued.last_closed_end = rates.rate_day

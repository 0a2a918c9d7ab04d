-- Grain: period × entity × currency.
-- Why: the balances of all contracts side by side, as the notes to a balance sheet have them: deferred revenue current and
-- long-term, contract asset and the unbilled receivable in it, refund liability, deposits, receivables (accounting.md §7).

{% set balances = [
    'deferred_revenue', 'deferred_revenue_current', 'deferred_revenue_long_term', 'contract_asset', 'unbilled_receivable',
    'refund_liability', 'customer_deposits', 'accounts_receivable',
] %}

select
    period,
    entity_id,
    currency,
    {% for balance in balances -%}
    cast(sum({{ balance }}) as decimal(18, 3)) as {{ balance }},
    cast({{ sum_known(balance ~ '_reporting') }} as decimal(18, 3)) as {{ balance }}_reporting{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('fct_contract_balances') }}
group by period, entity_id, currency

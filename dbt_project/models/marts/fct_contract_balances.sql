-- Grain: accounting contract × entity × currency × period end, while a balance is not 0 and the period all reach 0; for
-- deposits without a contract customer × entity × currency × period end.
-- Why: deferred revenue, of which current is what is earned in the 12 months after the period, contract asset, refund
-- liability, customer deposits and receivables of each contract (accounting.md §1, §6, §7).

{% set balances = [
    'deferred_revenue', 'deferred_revenue_current', 'deferred_revenue_long_term', 'contract_asset', 'unbilled_receivable',
    'refund_liability', 'customer_deposits', 'accounts_receivable',
] %}

with first_contracts as (

    -- contract_id names the accounting contract's first contract
    select
        accounting_contract_id,
        contract_id,
        customer_id,
        row_number() over (partition by accounting_contract_id order by signed_date, contract_id) as place
    from {{ ref('dim_contract') }}

),

positions as (

    select
        periods.period,
        balances.accounting_contract_id,
        balances.contract_id,
        balances.customer_id,
        balances.entity_id,
        balances.currency,
        balances.exponent,
        balances.functional_currency,
        balances.functional_exponent,
        balances.reporting_exponent,
        positions.deferred_revenue_minor,
        positions.deferred_revenue_current_minor,
        positions.deferred_revenue_minor - positions.deferred_revenue_current_minor as deferred_revenue_long_term_minor,
        positions.contract_asset_minor,
        coalesce(positions.carried_unbilled_minor, unbilled.unbilled_receivable_minor, 0) as unbilled_receivable_minor,
        positions.refund_liability_minor,
        positions.customer_deposits_minor,
        positions.accounts_receivable_minor,
        {% for step in ['functional', 'reporting'] -%}
        {% for balance in balances -%}
        translated.{{ balance }}_{{ step }}_minor,
        {% endfor -%}
        {% endfor -%}
        balances.currency_pair is not null as is_translated
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('balances') }} as balances on positions.balance_id = balances.balance_id
    inner join {{ ref('periods') }} as periods on positions.period_index = periods.period_index
    left join {{ ref('unbilled_positions') }} as unbilled
        on positions.balance_id = unbilled.balance_id and positions.period_index = unbilled.period_index
    left join {{ ref('translated_balances') }} as translated
        on positions.balance_id = translated.balance_id and positions.period_index = translated.period_index

)

select
    positions.period,
    positions.entity_id,
    coalesce(positions.customer_id, first_contracts.customer_id, own_contracts.customer_id) as customer_id,
    coalesce(first_contracts.contract_id, own_contracts.contract_id) as contract_id,
    positions.accounting_contract_id,
    positions.currency,
    positions.functional_currency,
    {% for balance in balances -%}
    {{ to_amount('positions.' ~ balance ~ '_minor', 'positions.exponent') }} as {{ balance }},
    {% for step in ['functional', 'reporting'] -%}
    case
        when positions.is_translated
            then {{ to_amount('positions.' ~ balance ~ '_' ~ step ~ '_minor', 'positions.' ~ step ~ '_exponent') }}
        else {{ to_amount('positions.' ~ balance ~ '_minor', 'positions.exponent') }}
    end as {{ balance }}_{{ step }}{{ ',' if not loop.last }}
    {% endfor -%}
    {{ ',' if not loop.last }}
    {% endfor %}
from positions
left join first_contracts
    on positions.accounting_contract_id = first_contracts.accounting_contract_id and first_contracts.place = 1
left join {{ ref('dim_contract') }} as own_contracts
    on positions.contract_id = own_contracts.contract_id and first_contracts.contract_id is null

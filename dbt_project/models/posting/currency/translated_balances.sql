-- Grain: balance × open period, as contract_positions, only what is translated.
-- Why: balances in functional and reporting currency (accounting.md §7). Deferred revenue keeps the rates of its billings;
-- contract asset, refund liability, deposits and receivables are money to come or to go and stand at the closing rate; the
-- reporting currency is a translation of both at the closing rate. What moved to the refund liability is valued as what was
-- billed in the period, without billing at the average. Parts are rounded so that they add up. Minor units.

{% set wholes = ['deferred_revenue', 'contract_asset', 'refund_liability', 'customer_deposits', 'accounts_receivable'] %}
{% set parts = ['deferred_revenue_current', 'unbilled_receivable'] %}

with positions as (

    select
        positions.*,
        coalesce(positions.carried_unbilled_minor, unbilled.unbilled_receivable_minor, 0) as unbilled_receivable_minor,
        positions.refund_liability_minor - positions.refund_liability_before_minor as refund_liability_change_minor,
        balances.currency_pair,
        balances.is_foreign,
        balances.is_translated
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('balances') }} as balances on positions.balance_id = balances.balance_id
    left join {{ ref('unbilled_positions') }} as unbilled
        on positions.balance_id = unbilled.balance_id and positions.period_index = unbilled.period_index
    where balances.currency_pair is not null

),

functional as (

    select
        positions.balance_id,
        positions.period_index,
        positions.currency_pair,
        positions.is_foreign,
        positions.is_translated,
        {% for balance in wholes if balance != 'deferred_revenue' -%}
        {{ to_functional('positions.' ~ balance ~ '_minor', 'positions', 'closing') }} as {{ balance }}_functional_minor,
        {% endfor -%}
        {{ to_functional('positions.unbilled_receivable_minor', 'positions', 'closing') }} as unbilled_receivable_functional_minor,
        case
            when not positions.is_foreign then positions.deferred_revenue_minor
            else advances.deferred_functional_minor
        end as deferred_revenue_functional_minor,
        case
            when not positions.is_foreign then positions.deferred_revenue_current_minor
            when positions.deferred_revenue_minor = 0 then cast(0 as bigint)
            else {{ prorate(
                'advances.deferred_functional_minor', 'positions.deferred_revenue_current_minor', 'positions.deferred_revenue_minor') }}
        end as deferred_revenue_current_functional_minor,
        case
            when moves.billed_minor > 0 and positions.is_foreign
                then {{ prorate('moves.billed_functional_minor', 'positions.refund_liability_change_minor', 'moves.billed_minor') }}
            else {{ to_functional('positions.refund_liability_change_minor', 'positions', 'average') }}
        end as refund_liability_change_functional_minor
    from positions
    left join {{ ref('advances') }} as advances
        on positions.balance_id = advances.balance_id and positions.period_index = advances.period_index
    left join {{ ref('advance_moves') }} as moves
        on positions.balance_id = moves.balance_id and positions.period_index = moves.period_index
    {% for kind in ['closing', 'average'] -%}
    left join {{ ref('currency_periods') }} as {{ kind }}
        on positions.currency_pair = {{ kind }}.currency_pair
        and positions.period_index = {{ kind }}.period_index
        and {{ kind }}.rate_kind = '{{ kind }}'
    {% endfor %}

),

reported as (

    select
        functional.*,
        {% for balance in wholes + parts -%}
        {{ to_reporting('functional.' ~ balance ~ '_functional_minor', 'functional', 'closing') }} as {{ balance }}_reporting_minor,
        {% endfor -%}
        {{ to_reporting('functional.refund_liability_change_functional_minor', 'functional', 'average') }}
            as refund_liability_change_reporting_minor
    from functional
    {% for kind in ['closing', 'average'] -%}
    left join {{ ref('currency_periods') }} as {{ kind }}
        on functional.currency_pair = {{ kind }}.currency_pair
        and functional.period_index = {{ kind }}.period_index
        and {{ kind }}.rate_kind = '{{ kind }}'
    {% endfor %}

),

first_open as (

    select min(period_index) as period_index from {{ ref('periods') }} where is_open

)

select
    reported.balance_id,
    reported.period_index,
    {% for step in ['functional', 'reporting'] -%}
    {% for balance in wholes + parts + ['refund_liability_change'] -%}
    cast(reported.{{ balance }}_{{ step }}_minor as bigint) as {{ balance }}_{{ step }}_minor,
    {% endfor -%}
    cast(reported.deferred_revenue_{{ step }}_minor - reported.deferred_revenue_current_{{ step }}_minor as bigint)
        as deferred_revenue_long_term_{{ step }}_minor,
    -- on which side the contract stood before, at its value then
    {% for balance in ['deferred_revenue', 'contract_asset'] -%}
    cast(coalesce(
        case
            when reported.period_index = first_open.period_index then at_close.{{ balance }}_{{ step }}_minor
            else lag(reported.{{ balance }}_{{ step }}_minor) over (
                partition by reported.balance_id order by reported.period_index
            )
        end,
        cast(0 as bigint)
    ) as bigint) as {{ balance }}_before_{{ step }}_minor{{ ',' if not loop.last }}
    {% endfor %}{{ ',' if not loop.last }}
    {% endfor %}
from reported
cross join first_open
left join {{ ref('balances_at_close') }} as at_close on reported.balance_id = at_close.balance_id

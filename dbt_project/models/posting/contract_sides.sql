-- Grain: balance × open period, as contract_positions.
-- Why: balances in contract, functional and reporting currency, and the side, deferred revenue or contract asset, on which the
-- accounting contract ends the period and on which its flows stand. Minor units. A view: it is as long as contract_positions,
-- and what reads it adds it up at once.
{{ config(materialized='view') }}

{% set contract_balances = ['deferred_revenue', 'contract_asset', 'refund_liability', 'customer_deposits', 'accounts_receivable'] %}

select
    balances.entity_id,
    balances.currency,
    positions.balance_id,
    positions.period_index,
    positions.deferred_revenue_minor < positions.contract_asset_minor as is_asset,
    {% for balance in contract_balances -%}
    positions.{{ balance }}_minor,
    {% endfor -%}
    greatest(positions.position_before_minor, 0) as deferred_revenue_before_minor,
    greatest(-positions.position_before_minor, 0) as contract_asset_before_minor,
    positions.refund_liability_minor - positions.refund_liability_before_minor as refund_liability_change_minor
    {%- for step in ['functional', 'reporting'] -%}
    {%- for amount in contract_balances + ['deferred_revenue_before', 'contract_asset_before', 'refund_liability_change'] -%}
    ,
    case
        when balances.currency_pair is not null then translated.{{ amount }}_{{ step }}_minor
        {% if amount == 'refund_liability_change' -%}
        else positions.refund_liability_minor - positions.refund_liability_before_minor
        {%- elif amount == 'deferred_revenue_before' -%}
        else greatest(positions.position_before_minor, 0)
        {%- elif amount == 'contract_asset_before' -%}
        else greatest(-positions.position_before_minor, 0)
        {%- else -%}
        else positions.{{ amount }}_minor
        {%- endif %}
    end as {{ amount }}_{{ step }}_minor
    {%- endfor -%}
    {%- endfor %}
from {{ ref('contract_positions') }} as positions
inner join {{ ref('balances') }} as balances on positions.balance_id = balances.balance_id
left join {{ ref('translated_balances') }} as translated
    on positions.balance_id = translated.balance_id and positions.period_index = translated.period_index

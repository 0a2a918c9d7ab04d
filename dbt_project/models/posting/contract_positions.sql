-- Grain: accounting contract × entity × currency × open period, while a balance is not 0 and the period in which
-- all reach 0.
-- Why: contract positions are netted per accounting contract (accounting.md §1, architecture.md 20): refund
-- liability = max(billed − contracted, 0); billed − recognized − refund liability is deferred revenue where
-- positive, a contract asset where negative.

with movements as (

    select
        accounting_contract_id,
        entity_id,
        currency,
        period_index,
        cast(sum(contracted_minor) as bigint) as contracted_minor,
        cast(sum(billed_minor) as bigint) as billed_minor,
        cast(sum(tax_minor) as bigint) as tax_minor,
        cast(sum(recognized_minor) as bigint) as recognized_minor,
        cast(sum(paid_minor) as bigint) as paid_minor
    from {{ ref('position_movements') }}
    where accounting_contract_id != '(not linked)'
    group by accounting_contract_id, entity_id, currency, period_index

),

open_periods as (

    select period, period_index from {{ ref('periods') }} where is_open

),

spans as (

    select accounting_contract_id, entity_id, currency, min(period_index) as first_index
    from movements
    group by accounting_contract_id, entity_id, currency
    having max(case when period_index in (select period_index from open_periods) then 1 else 0 end) = 1
        or sum(contracted_minor) != sum(recognized_minor)
        or sum(billed_minor) != sum(recognized_minor)
        or sum(billed_minor) + sum(tax_minor) != sum(paid_minor)

),

dense as (

    select spans.accounting_contract_id, spans.entity_id, spans.currency, open_periods.period_index
    from spans
    inner join open_periods on spans.first_index <= open_periods.period_index
    union
    select spans.accounting_contract_id, spans.entity_id, spans.currency, spans.first_index
    from spans

),

cumulated as (

    select
        dense.accounting_contract_id,
        dense.entity_id,
        dense.currency,
        dense.period_index,
        {% for measure in ['contracted', 'billed', 'tax', 'recognized', 'paid'] -%}
        cast(sum(coalesce(movements.{{ measure }}_minor, 0)) over (
            partition by dense.accounting_contract_id, dense.entity_id, dense.currency
            order by dense.period_index rows between unbounded preceding and current row
        ) as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from dense
    left join movements
        on dense.accounting_contract_id = movements.accounting_contract_id
        and dense.entity_id = movements.entity_id
        and dense.currency = movements.currency
        and dense.period_index = movements.period_index

),

netted as (

    select
        cumulated.*,
        greatest(billed_minor - contracted_minor, 0) as refund_liability_minor,
        billed_minor - recognized_minor - greatest(billed_minor - contracted_minor, 0) as position_minor,
        billed_minor + tax_minor - paid_minor as accounts_receivable_minor
    from cumulated

),

compared as (

    select
        netted.*,
        {% for balance in ['refund_liability', 'position', 'accounts_receivable'] -%}
        lag({{ balance }}_minor, 1, 0) over (
            partition by accounting_contract_id, entity_id, currency order by period_index
        ) as {{ balance }}_before_minor{{ ',' if not loop.last }}
        {% endfor %}
    from netted

)

select
    compared.accounting_contract_id,
    compared.entity_id,
    compared.currency,
    open_periods.period,
    compared.period_index,
    compared.contracted_minor,
    compared.billed_minor,
    compared.recognized_minor,
    greatest(compared.position_minor, 0) as deferred_revenue_minor,
    greatest(-compared.position_minor, 0) as contract_asset_minor,
    compared.refund_liability_minor,
    compared.accounts_receivable_minor,
    compared.position_before_minor,
    compared.refund_liability_before_minor,
    compared.accounts_receivable_before_minor
from compared
inner join open_periods on compared.period_index = open_periods.period_index
where compared.refund_liability_minor != 0 or compared.position_minor != 0 or compared.accounts_receivable_minor != 0
    or compared.refund_liability_before_minor != 0 or compared.position_before_minor != 0
    or compared.accounts_receivable_before_minor != 0

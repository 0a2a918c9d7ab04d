-- Grain: balance (accounting contract × entity × currency) × open period, while a position is not 0 and the period
-- in which all reach 0.
-- Why: contract positions are netted per accounting contract (accounting.md §1, architecture.md 20): refund
-- liability = max(billed − contracted, 0) over the lines that can have one; billed − recognized − refund liability is
-- deferred revenue where positive, a contract asset where negative.

{% set measures = ['contracted', 'billed', 'tax', 'recognized', 'paid', 'bad_debt', 'refundable'] %}

with movements as (

    select
        dimensions.balance_id,
        movements.period_index,
        {% for measure in measures if measure != 'refundable' -%}
        cast(sum(movements.{{ measure }}_minor) as bigint) as {{ measure }}_minor,
        {% endfor -%}
        cast(sum(
            case when not dimensions.is_without_refund_liability then movements.billed_minor - movements.contracted_minor else 0 end
        ) as bigint) as refundable_minor
    from {{ ref('position_movements') }} as movements
    inner join {{ ref('dimension_sets') }} as dimensions on movements.dimension_id = dimensions.dimension_id
    where dimensions.balance_id is not null
    group by dimensions.balance_id, movements.period_index

),

open_periods as (

    select period_index from {{ ref('periods') }} where is_open

),

spans as (

    select
        balance_id,
        min(period_index) as first_index,
        case
            when sum(contracted_minor) != sum(recognized_minor)
                or sum(billed_minor) != sum(recognized_minor)
                or sum(billed_minor) + sum(tax_minor) != sum(paid_minor) + sum(bad_debt_minor)
                or sum(refundable_minor) > 0
                then 2147483647
            else max(period_index)
        end as last_index
    from movements
    group by balance_id

),

filled as (

    select spans.balance_id, open_periods.period_index
    from spans
    inner join open_periods on open_periods.period_index between spans.first_index and spans.last_index

),

cumulated as (

    select
        balance_id,
        period_index,
        {% for measure in measures -%}
        cast(sum({{ measure }}_minor) over (
            partition by balance_id order by period_index rows between unbounded preceding and current row
        ) as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            coalesce(filled.balance_id, movements.balance_id) as balance_id,
            coalesce(filled.period_index, movements.period_index) as period_index,
            {% for measure in measures -%}
            coalesce(movements.{{ measure }}_minor, 0) as {{ measure }}_minor{{ ',' if not loop.last }}
            {% endfor %}
        from filled
        full outer join movements
            on filled.balance_id = movements.balance_id and filled.period_index = movements.period_index
    ) as dense

),

netted as (

    select
        cumulated.*,
        greatest(refundable_minor, 0) as refund_liability_minor,
        billed_minor - recognized_minor - greatest(refundable_minor, 0) as position_minor,
        billed_minor + tax_minor - paid_minor - bad_debt_minor as accounts_receivable_minor
    from cumulated

),

compared as (

    select
        netted.*,
        {% for balance in ['refund_liability', 'position', 'accounts_receivable'] -%}
        lag({{ balance }}_minor, 1, 0) over (partition by balance_id order by period_index)
            as {{ balance }}_before_minor{{ ',' if not loop.last }}
        {% endfor %}
    from netted

)

select
    compared.balance_id,
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

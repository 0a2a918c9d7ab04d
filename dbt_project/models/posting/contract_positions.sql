-- Grain: balance (accounting contract × entity × currency) × open period, while a position is not 0 and the period
-- in which all reach 0.
-- Why: contract positions are netted per accounting contract (accounting.md §1, architecture.md 20): refund
-- liability = max(billed − contracted, what estimates say will be given back, 0) over the lines that can have one; billed
-- − recognized − refund liability is deferred revenue where positive, a contract asset where negative. A receivable falls
-- by the money received that is no deposit. What estimates said at the last close is what was published then, and stays
-- with a contract that is held.

{% set measures = ['contracted', 'billed', 'tax', 'recognized', 'settled', 'deposited', 'bad_debt', 'refundable'] %}

with movements as (

    select
        dimensions.balance_id,
        movements.period_index,
        {% for measure in measures if measure not in ['settled', 'refundable'] -%}
        cast(sum(movements.{{ measure }}_minor) as bigint) as {{ measure }}_minor,
        {% endfor -%}
        cast(sum(
            case when dimensions.contract_id != '(not linked)' then movements.paid_minor - movements.deposited_minor else 0 end
        ) as bigint) as settled_minor,
        cast(sum(
            case when not dimensions.is_without_refund_liability then movements.billed_minor - movements.contracted_minor else 0 end
        ) as bigint) as refundable_minor
    from {{ ref('position_movements') }} as movements
    inner join {{ ref('dimension_sets') }} as dimensions on movements.dimension_id = dimensions.dimension_id
    group by dimensions.balance_id, movements.period_index

),

open_periods as (

    select period_index from {{ ref('periods') }} where is_open

),

-- what was said at the last close, and is said of a held contract still
published as (

    select
        balances.balance_id,
        last_closed.period_index,
        {{ to_minor('months.refund_liability', 'balances.exponent') }} as refund_minor,
        {{ to_minor('months.deferred_revenue_current', 'balances.exponent') }} as current_minor,
        {{ to_minor('months.unbilled_receivable', 'balances.exponent') }} as unbilled_minor
    from {{ source('frozen', 'fct_contract_balances') }} as months
    inner join {{ ref('balances') }} as balances
        on months.accounting_contract_id = balances.accounting_contract_id
        and months.entity_id = balances.entity_id
        and months.currency = balances.currency
    inner join (
        select period, period_index
        from {{ ref('periods') }}
        where is_closed and period_index = (select count(*) from {{ ref('periods') }} where is_closed)
    ) as last_closed
        on months.period = last_closed.period
    where months.accounting_contract_id != '(not linked)'

),

held as (

    select distinct dimensions.balance_id
    from {{ ref('held_lines') }} as lines
    inner join {{ ref('dimension_sets') }} as dimensions on lines.contract_line_id = dimensions.contract_line_id

),

expected_refunds as (

    select expected.balance_id, expected.period_index, expected.refund_minor
    from {{ ref('expected_refunds') }} as expected
    left join held on expected.balance_id = held.balance_id
    where held.balance_id is null

    union all

    select balance_id, period_index, refund_minor from published

    union all

    select published.balance_id, open_periods.period_index, published.refund_minor
    from published
    inner join held on published.balance_id = held.balance_id
    cross join open_periods

),

last_expected as (

    select distinct balance_id
    from expected_refunds
    where period_index = (select max(period_index) from open_periods) and refund_minor > 0

),

spans as (

    select
        movements.balance_id,
        min(movements.period_index) as first_index,
        case
            when max(last_expected.balance_id) is not null then 2147483647
            when sum(contracted_minor) != sum(recognized_minor)
                or sum(billed_minor) != sum(recognized_minor)
                or sum(billed_minor) + sum(tax_minor) != sum(settled_minor) + sum(bad_debt_minor)
                or sum(deposited_minor) != 0
                or sum(refundable_minor) > 0
                then 2147483647
            else max(movements.period_index)
        end as last_index
    from movements
    left join last_expected on movements.balance_id = last_expected.balance_id
    group by movements.balance_id

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

liable as (

    select
        cumulated.*,
        greatest(cumulated.refundable_minor, coalesce(expected_refunds.refund_minor, 0), 0) as refund_liability_minor
    from cumulated
    left join expected_refunds
        on cumulated.balance_id = expected_refunds.balance_id
        and cumulated.period_index = expected_refunds.period_index

),

netted as (

    select
        liable.*,
        billed_minor - recognized_minor - refund_liability_minor as position_minor,
        billed_minor + tax_minor - settled_minor - bad_debt_minor as accounts_receivable_minor,
        deposited_minor as customer_deposits_minor
    from liable

),

-- what the lines earn in the 12 calendar months after the period
scheduled as (

    select
        dimensions.balance_id,
        positions.period_index,
        cast(sum(positions.through_12_minor) as bigint) as through_12_minor
    from (
        select dimension_id, period_index, through_12_minor from {{ ref('scheduled_positions') }}
        union all
        select dimension_id, period_index, through_12_minor from {{ ref('scheduled_as_invoiced') }}
    ) as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    group by dimensions.balance_id, positions.period_index

),

compared as (

    select
        netted.*,
        {% for balance in ['refund_liability', 'position', 'accounts_receivable', 'customer_deposits'] -%}
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
    -- no more than what is deferred
    least(
        greatest(compared.position_minor, 0),
        coalesce(published.current_minor, greatest(coalesce(scheduled.through_12_minor, 0), 0))
    ) as deferred_revenue_current_minor,
    greatest(-compared.position_minor, 0) as contract_asset_minor,
    published.unbilled_minor as carried_unbilled_minor,
    compared.refund_liability_minor,
    compared.accounts_receivable_minor,
    compared.customer_deposits_minor,
    compared.position_before_minor,
    compared.refund_liability_before_minor
from compared
inner join open_periods on compared.period_index = open_periods.period_index
left join scheduled
    on compared.balance_id = scheduled.balance_id and compared.period_index = scheduled.period_index
left join held on compared.balance_id = held.balance_id
left join published on held.balance_id = published.balance_id
where compared.refund_liability_minor != 0 or compared.position_minor != 0 or compared.accounts_receivable_minor != 0
    or compared.refund_liability_before_minor != 0 or compared.position_before_minor != 0
    or compared.accounts_receivable_before_minor != 0
    or compared.customer_deposits_minor != 0 or compared.customer_deposits_before_minor != 0

-- Grain: balance in a foreign currency × open period in which it holds or moves something.
-- Why: what a period does to an advance that was received in another currency than the entity's (accounting.md §7): how the
-- contract stood before and after, what was billed, and at what value. Minor units.

with dimensions as (

    select dimension_id, balance_id, currency_pair, is_foreign
    from {{ ref('dimension_sets') }}
    where is_foreign and contract_id != '(not linked)'

),

billed as (

    select
        dimensions.balance_id,
        posted.period_index,
        cast(sum(posted.amount_minor) as bigint) as billed_minor,
        cast({{ sum_known(to_functional('posted.amount_minor', 'dimensions', 'rates')) }} as bigint) as billed_functional_minor
    from {{ ref('posted') }} as posted
    inner join dimensions on posted.dimension_id = dimensions.dimension_id
    left join {{ ref('currency_days') }} as rates
        on dimensions.currency_pair = rates.currency_pair and posted.event_date = rates.rate_day
    where posted.measure in ('billed', 'not_yet_counted') and posted.amount_minor > 0
    group by dimensions.balance_id, posted.period_index

),

recognized as (

    select
        dimensions.balance_id,
        posted.period_index,
        cast(sum(posted.amount_minor) as bigint) as recognized_minor
    from {{ ref('posted') }} as posted
    inner join dimensions on posted.dimension_id = dimensions.dimension_id
    where posted.measure = 'recognized'
    group by dimensions.balance_id, posted.period_index

),

positions as (

    select
        positions.balance_id,
        positions.period_index,
        positions.position_before_minor,
        positions.deferred_revenue_minor - positions.contract_asset_minor as position_minor
    from {{ ref('contract_positions') }} as positions
    where positions.balance_id in (select balance_id from dimensions)

),

moved as (

    select balance_id, period_index from positions
    union
    select balance_id, period_index from recognized

)

select
    moved.balance_id,
    balances.currency_pair,
    balances.is_foreign,
    moved.period_index,
    cast(moved.period_index - first_open.period_index + 1 as integer) as round_number,
    coalesce(positions.position_before_minor, 0) as position_before_minor,
    coalesce(positions.position_minor, 0) as position_minor,
    coalesce(recognized.recognized_minor, 0) as recognized_minor,
    coalesce(billed.billed_minor, 0) as billed_minor,
    case when billed.balance_id is null then 0 else billed.billed_functional_minor end as billed_functional_minor
from moved
cross join (select min(period_index) as period_index from {{ ref('periods') }} where is_open) as first_open
inner join {{ ref('balances') }} as balances on moved.balance_id = balances.balance_id
left join positions on moved.balance_id = positions.balance_id and moved.period_index = positions.period_index
left join recognized on moved.balance_id = recognized.balance_id and moved.period_index = recognized.period_index
left join billed on moved.balance_id = billed.balance_id and moved.period_index = billed.period_index

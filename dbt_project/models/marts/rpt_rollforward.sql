-- Grain: period × entity × currency × balance × movement.
-- Why: opening + movements = closing for every balance (E3). Opening is the closing of the period before, the
-- frozen one where that is closed; movements are sums of posted facts; closing is the stock: three sources, and
-- E3 holds them together. Contract flows stand on the side, deferred revenue or contract asset, on which the
-- accounting contract ends the period; what was on the other side moves over as `reclassification`.

with periods as (

    select period, period_index from {{ ref('periods') }} where is_open

),

last_closed as (

    select period, period_index from {{ ref('periods') }} where is_closed

),

currencies as (

    select currency, exponent from {{ ref('exchange__currencies') }}

),

flows as (

    -- signed as they change billed − recognized
    select
        posted.period_index,
        posted.accounting_contract_id,
        posted.entity_id,
        posted.currency,
        posted.measure,
        case
            when posted.is_prior_period then 'prior_period'
            when posted.measure = 'not_yet_counted' then 'not_yet_counted'
            when posted.measure = 'recognized' then 'revenue'
            when posted.measure = 'paid' then 'payments'
            when posted.measure = 'contracted' and posted.event_type in ('new', 'renewal', 'reallocation') then 'bookings'
            when posted.measure = 'contracted' and posted.event_type = 'cancellation' then 'cancellations'
            when posted.measure = 'contracted' then 'amendments'
            when posted.event_type = 'invoice' then 'billings'
            else 'credits'
        end as movement,
        cast(sum(posted.amount_minor) as bigint) as amount_minor,
        cast(sum(posted.tax_minor) as bigint) as tax_minor
    from {{ ref('posted') }} as posted
    where posted.accounting_contract_id != '(not linked)'
    group by 1, 2, 3, 4, 5, 6

),

backlog_movements as (

    select period_index, entity_id, currency, 'backlog' as balance, movement,
        case when measure = 'recognized' then -amount_minor else amount_minor end as amount_minor
    from flows
    where measure in ('contracted', 'recognized')

),

receivable_movements as (

    select period_index, entity_id, currency, 'accounts_receivable' as balance, movement,
        case when measure = 'paid' then -amount_minor else amount_minor + tax_minor end as amount_minor
    from flows
    where measure in ('billed', 'not_yet_counted', 'paid')

),

sides as (

    select
        accounting_contract_id,
        entity_id,
        currency,
        period_index,
        deferred_revenue_minor - contract_asset_minor as position_minor,
        position_before_minor,
        refund_liability_minor - refund_liability_before_minor as refund_liability_change_minor
    from {{ ref('contract_positions') }}

),

contract_movements as (

    select
        flows.period_index,
        flows.entity_id,
        flows.currency,
        case when coalesce(sides.position_minor, 0) < 0 then 'contract_asset' else 'deferred_revenue' end as balance,
        flows.movement,
        flows.amount_minor
        * case when flows.measure = 'recognized' then -1 else 1 end
        * case when coalesce(sides.position_minor, 0) < 0 then -1 else 1 end as amount_minor
    from flows
    left join sides
        on flows.accounting_contract_id = sides.accounting_contract_id
        and flows.entity_id = sides.entity_id
        and flows.currency = sides.currency
        and flows.period_index = sides.period_index
    where flows.measure in ('billed', 'not_yet_counted', 'recognized')

),

reclassifications as (

    -- the opening of the side a contract left, and what moved between its position and its refund liability
    select period_index, entity_id, currency, 'deferred_revenue' as balance, 'reclassification' as movement,
        case
            when position_minor < 0 then -greatest(position_before_minor, 0)
            else least(position_before_minor, 0) - refund_liability_change_minor
        end as amount_minor
    from sides

    union all

    select period_index, entity_id, currency, 'contract_asset' as balance, 'reclassification' as movement,
        case
            when position_minor < 0 then refund_liability_change_minor - greatest(position_before_minor, 0)
            else least(position_before_minor, 0)
        end as amount_minor
    from sides

    union all

    select period_index, entity_id, currency, 'refund_liability' as balance, 'reclassification' as movement,
        refund_liability_change_minor as amount_minor
    from sides

),

movements as (

    select * from backlog_movements
    union all
    select * from receivable_movements
    union all
    select * from contract_movements
    union all
    select * from reclassifications

),

stocks as (

    select period_index, entity_id, currency, 'backlog' as balance, backlog_minor as amount_minor
    from {{ ref('line_positions') }}
    {% for balance in ['deferred_revenue', 'contract_asset', 'refund_liability', 'accounts_receivable'] %}
    union all
    select period_index, entity_id, currency, '{{ balance }}' as balance, {{ balance }}_minor as amount_minor
    from {{ ref('contract_positions') }}
    {% endfor %}

),

frozen_closings as (

    select last_closed.period_index, frozen.entity_id, frozen.currency, frozen.balance,
        {{ to_minor('frozen.amount', 'currencies.exponent') }} as amount_minor
    from {{ source('frozen', 'rpt_rollforward') }} as frozen
    inner join last_closed on frozen.period = last_closed.period
    inner join currencies on frozen.currency = currencies.currency
    where frozen.movement = 'closing'
        and last_closed.period_index = (select max(period_index) from last_closed)

),

scopes as (

    select balances.balance, scope.entity_id, scope.currency, min(scope.period_index) as first_index
    from (
        select period_index, entity_id, currency from movements
        union all
        select period_index, entity_id, currency from stocks
        union all
        select period_index + 1, entity_id, currency from frozen_closings
    ) as scope
    cross join (
        values ('backlog'), ('deferred_revenue'), ('contract_asset'), ('refund_liability'), ('accounts_receivable')
    ) as balances (balance)
    group by balances.balance, scope.entity_id, scope.currency

),

closings as (

    select
        periods.period_index,
        scopes.entity_id,
        scopes.currency,
        scopes.balance,
        cast(sum(coalesce(stocks.amount_minor, 0)) as bigint) as amount_minor
    from scopes
    inner join periods on scopes.first_index <= periods.period_index
    left join stocks
        on periods.period_index = stocks.period_index
        and scopes.entity_id = stocks.entity_id
        and scopes.currency = stocks.currency
        and scopes.balance = stocks.balance
    group by periods.period_index, scopes.entity_id, scopes.currency, scopes.balance

),

openings as (

    select
        closings.period_index,
        closings.entity_id,
        closings.currency,
        closings.balance,
        coalesce(
            case
                when frozen_closings.period_index is not null then frozen_closings.amount_minor
                else lag(closings.amount_minor) over (
                    partition by closings.entity_id, closings.currency, closings.balance order by closings.period_index
                )
            end,
            0
        ) as amount_minor
    from closings
    left join frozen_closings
        on closings.period_index = frozen_closings.period_index + 1
        and closings.entity_id = frozen_closings.entity_id
        and closings.currency = frozen_closings.currency
        and closings.balance = frozen_closings.balance

),

all_rows as (

    select period_index, entity_id, currency, balance, 'opening' as movement, amount_minor from openings
    union all
    select period_index, entity_id, currency, balance, movement, cast(sum(amount_minor) as bigint) as amount_minor
    from movements
    group by period_index, entity_id, currency, balance, movement
    having sum(amount_minor) != 0
    union all
    select period_index, entity_id, currency, balance, 'closing' as movement, amount_minor from closings

)

select
    periods.period,
    all_rows.entity_id,
    all_rows.currency,
    all_rows.balance,
    all_rows.movement,
    {{ to_amount('all_rows.amount_minor', 'currencies.exponent') }} as amount,
    {{ in_reporting_currency(to_amount('all_rows.amount_minor', 'currencies.exponent'), 'all_rows.currency') }}
        as amount_reporting
from all_rows
inner join periods on all_rows.period_index = periods.period_index
inner join currencies on all_rows.currency = currencies.currency
cross join {{ source('run', 'context') }} as context

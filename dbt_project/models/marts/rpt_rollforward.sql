-- Grain: period × entity × currency × balance × movement.
-- Why: opening + movements = closing for every balance (E3). Opening is the closing of the period before, the
-- frozen one where that is closed; movements are sums of posted facts; closing is the stock: three sources, and
-- E3 holds them together. Contract flows stand on the side, deferred revenue or contract asset, on which the
-- accounting contract ends the period; what was on the other side moves over as `reclassification`.

{% set contract_balances = ['deferred_revenue', 'contract_asset', 'refund_liability', 'customer_deposits', 'accounts_receivable'] %}

with periods as (

    select period, period_index from {{ ref('periods') }} where is_open

),

last_closed as (

    -- closed periods are numbered from 1
    select period, period_index
    from {{ ref('periods') }}
    where is_closed and period_index = (select count(*) from {{ ref('periods') }} where is_closed)

),

currencies as (

    select currency, exponent from {{ ref('exchange__currencies') }}

),

-- on which side a contract stands at the end of a period
sides as (

    select
        balances.entity_id,
        balances.currency,
        positions.*,
        positions.deferred_revenue_minor < positions.contract_asset_minor as is_asset,
        positions.refund_liability_minor - positions.refund_liability_before_minor as refund_liability_change_minor
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('balances') }} as balances on positions.balance_id = balances.balance_id

),

-- straight to entity and currency: by contract there are as many flows as there are posted rows
flows as (

    -- signed as they change contracted − recognized, billed − recognized, billed − paid and what is deposited
    select
        posted.period_index,
        dimensions.entity_id,
        dimensions.currency,
        posted.measure,
        coalesce(sides.is_asset, false) as is_asset,
        dimensions.contract_id = '(not linked)' as is_unlinked,
        case
            when posted.is_prior_period then 'prior_period'
            when posted.measure = 'not_yet_counted' then 'not_yet_counted'
            when posted.measure = 'recognized' then 'revenue'
            when posted.event_type in ('credit_applied', 'deposit_applied', 'deposit_void') then 'applied'
            when posted.measure = 'paid' then 'payments'
            when posted.measure = 'bad_debt' then 'write_offs'
            when posted.measure = 'deposited' then 'deposits'
            when posted.event_type in ('new', 'renewal', 'reallocation', 'usage') then 'bookings'
            when posted.event_type = 'cancellation' then 'cancellations'
            when posted.measure = 'contracted' then 'amendments'
            when posted.event_type = 'invoice' then 'billings'
            else 'credits'
        end as movement,
        cast(sum(case when posted.measure in ('recognized', 'paid', 'bad_debt') then -posted.amount_minor else posted.amount_minor end)
            as bigint) as amount_minor,
        cast(sum(case when posted.measure = 'bad_debt' then -posted.tax_minor else posted.tax_minor end) as bigint) as tax_minor
    from {{ ref('posted') }} as posted
    inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
    left join sides on dimensions.balance_id = sides.balance_id and posted.period_index = sides.period_index
    where dimensions.contract_id != '(not linked)' or posted.measure = 'deposited'
    group by 1, 2, 3, 4, 5, 6, 7

),

reclassified as (

    -- the opening of the side a contract left, and what moved between its position and its refund liability
    select
        period_index,
        entity_id,
        currency,
        cast(sum(case
            when is_asset then -greatest(position_before_minor, 0)
            else least(position_before_minor, 0) - refund_liability_change_minor
        end) as bigint) as deferred_revenue_minor,
        cast(sum(case
            when is_asset then refund_liability_change_minor - greatest(position_before_minor, 0)
            else least(position_before_minor, 0)
        end) as bigint) as contract_asset_minor,
        cast(sum(refund_liability_change_minor) as bigint) as refund_liability_minor
    from sides
    group by 1, 2, 3

),

movements as (

    select period_index, entity_id, currency, balance, movement, cast(sum(amount_minor) as bigint) as amount_minor
    from (
        select period_index, entity_id, currency, 'backlog' as balance, movement, amount_minor
        from flows
        where measure in ('contracted', 'recognized')
        union all
        select period_index, entity_id, currency, 'accounts_receivable' as balance, movement, amount_minor + tax_minor as amount_minor
        from flows
        where measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt') and not is_unlinked
        union all
        select period_index, entity_id, currency, 'customer_deposits' as balance, movement, amount_minor
        from flows
        where measure = 'deposited'
        union all
        select
            period_index, entity_id, currency, case when is_asset then 'contract_asset' else 'deferred_revenue' end as balance,
            movement, case when is_asset then -amount_minor else amount_minor end as amount_minor
        from flows
        where measure in ('billed', 'not_yet_counted', 'recognized')
        {% for balance in ['deferred_revenue', 'contract_asset', 'refund_liability'] %}
        union all
        select period_index, entity_id, currency, '{{ balance }}' as balance, 'reclassification' as movement, {{ balance }}_minor
        from reclassified
        {% endfor %}
    ) as combined
    group by 1, 2, 3, 4, 5

),

contract_stocks as (

    select
        period_index,
        entity_id,
        currency,
        {% for balance in contract_balances -%}
        cast(sum({{ balance }}_minor) as bigint) as {{ balance }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from sides
    group by 1, 2, 3

),

stocks as (

    select positions.period_index, dimensions.entity_id, dimensions.currency, 'backlog' as balance,
        cast(sum(positions.backlog_minor) as bigint) as amount_minor
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    group by 1, 2, 3
    {% for balance in contract_balances %}
    union all
    select period_index, entity_id, currency, '{{ balance }}' as balance, {{ balance }}_minor as amount_minor from contract_stocks
    {% endfor %}

),

frozen_closings as (

    select last_closed.period_index, frozen.entity_id, frozen.currency, frozen.balance,
        {{ to_minor('frozen.amount', 'currencies.exponent') }} as amount_minor
    from {{ source('frozen', 'rpt_rollforward') }} as frozen
    inner join last_closed on frozen.period = last_closed.period
    inner join currencies on frozen.currency = currencies.currency
    where frozen.movement = 'closing'

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
        values
            ('backlog'), ('deferred_revenue'), ('contract_asset'), ('refund_liability'), ('customer_deposits'), ('accounts_receivable')
    ) as balances (balance)
    group by 1, 2, 3

),

closings as (

    select
        periods.period_index,
        scopes.entity_id,
        scopes.currency,
        scopes.balance,
        coalesce(stocks.amount_minor, 0) as amount_minor
    from scopes
    inner join periods on scopes.first_index <= periods.period_index
    left join stocks
        on periods.period_index = stocks.period_index
        and scopes.entity_id = stocks.entity_id
        and scopes.currency = stocks.currency
        and scopes.balance = stocks.balance

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
    select period_index, entity_id, currency, balance, movement, amount_minor from movements where amount_minor != 0
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

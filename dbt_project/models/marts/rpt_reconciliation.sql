-- Grain: open period × entity × currency × balance.
-- Why: what is published beside the general ledger at the period's end (accounting.md §9 E9), and what of the difference is a
-- matter of time. Debits positive; revenue is all that was recognized by then. Above the tolerance the close stops. Empty where
-- no journal of the ledger, or no mapping of its accounts, is delivered.

with periods as (

    select period, period_index from {{ ref('periods') }} where is_open

),

names as (

    select distinct entity_id, own_balance, balance from {{ ref('ledger_accounts') }}

),

revenue as (

    select entity_id, currency, 0 as period_index, revenue from {{ source('frozen', 'rpt_bbb') }}
    union all
    select figures.entity_id, figures.currency, periods.period_index, figures.revenue
    from {{ ref('rpt_bbb') }} as figures
    inner join periods on figures.period = periods.period

),

stocks as (

    select
        rolled.period,
        rolled.entity_id,
        rolled.currency,
        rolled.balance as own_balance,
        case when rolled.balance in ('accounts_receivable', 'contract_asset') then rolled.amount else -rolled.amount end as ours
    from {{ ref('rpt_rollforward') }} as rolled
    where rolled.movement = 'closing' and rolled.balance != 'backlog'

    union all

    select periods.period, revenue.entity_id, revenue.currency, 'revenue' as own_balance, -sum(revenue.revenue) as ours
    from revenue
    inner join periods on revenue.period_index <= periods.period_index
    group by periods.period, revenue.entity_id, revenue.currency

),

ledger as (

    select
        periods.period,
        items.entity_id,
        items.currency,
        items.balance,
        {{ to_amount('cast(sum(items.amount_minor) as bigint)', 'max(currencies.exponent)') }} as theirs
    from {{ ref('ledger_items') }} as items
    inner join periods on items.period_index <= periods.period_index
    inner join {{ ref('exchange__currencies') }} as currencies on items.currency = currencies.currency
    group by periods.period, items.entity_id, items.currency, items.balance

),

sides as (

    select stocks.period, stocks.entity_id, stocks.currency, names.balance, stocks.ours, 0 as theirs
    from stocks
    inner join names on stocks.entity_id = names.entity_id and stocks.own_balance = names.own_balance
    union all
    select period, entity_id, currency, balance, 0 as ours, theirs from ledger

),

explained as (

    select
        period,
        entity_id,
        currency,
        balance,
        count(*) as items,
        sum(case when reason = 'timing' then difference else 0 end) as timing,
        sum(case when reason = 'timing' then 0 else abs(difference) end) as to_be_cleared
    from {{ ref('rpt_reconciliation_items') }}
    group by period, entity_id, currency, balance

),

compared as (

    select period, entity_id, currency, balance, sum(ours) as ours, sum(theirs) as theirs
    from sides
    group by period, entity_id, currency, balance

)

select
    compared.period,
    compared.entity_id,
    compared.currency,
    compared.balance,
    cast(compared.ours as decimal(18, 3)) as ours,
    cast(compared.theirs as decimal(18, 3)) as theirs,
    cast(compared.ours - compared.theirs as decimal(18, 3)) as difference,
    cast(coalesce(explained.timing, 0) as decimal(18, 3)) as timing,
    cast(coalesce(explained.to_be_cleared, 0) as decimal(18, 3)) as to_be_cleared,
    cast(coalesce(explained.items, 0) as integer) as items,
    coalesce(explained.to_be_cleared, 0) <= context.policy_ledger_tolerance as is_within_tolerance
from compared
cross join {{ source('run', 'context') }} as context
left join explained
    on compared.period = explained.period
    and compared.entity_id = explained.entity_id
    and compared.currency = explained.currency
    and compared.balance = explained.balance

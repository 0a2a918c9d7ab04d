-- Grain: period × entity × currency × balance × movement.
-- Why: opening + movements = closing for every balance (E3), in contract, functional and reporting currency. Opening is the
-- closing of the period before, the frozen one where that is closed; movements are sums of posted facts; closing is the stock:
-- three sources, and E3 holds them together. Contract flows stand on the side, deferred revenue or contract asset, on which
-- the accounting contract ends the period; what was on the other side moves over as `reclassification`. `fx` is what a balance
-- gained or lost because rates moved; there is none in the contract's currency (accounting.md §7).

{% set contract_balances = ['deferred_revenue', 'contract_asset', 'refund_liability', 'customer_deposits', 'accounts_receivable'] %}
{% set steps = ['', '_functional', '_reporting'] %}

with periods as (

    select period, period_index from {{ ref('periods') }} where is_open

),

last_closed as (

    -- closed periods are numbered from 1
    select period, period_index, end_date
    from {{ ref('periods') }}
    where is_closed and period_index = (select count(*) from {{ ref('periods') }} where is_closed)

),

currencies as (

    select * from {{ ref('currency_scopes') }}

),

-- on which side a contract stands at the end of a period
sides as (

    select * from {{ ref('contract_sides') }}

),

flows as (

    select * from {{ ref('posted_flows') }}

),

reclassified as (

    -- the opening of the side a contract left, and what moved between its position and its refund liability
    select
        period_index,
        entity_id,
        currency,
        {% for step in steps -%}
        {% set deferred, asset, owed = 'deferred_revenue_before' ~ step ~ '_minor', 'contract_asset_before' ~ step ~ '_minor',
            'refund_liability_change' ~ step ~ '_minor' -%}
        cast({{ sum_known('case when is_asset then -' ~ deferred ~ ' else -' ~ asset ~ ' - ' ~ owed ~ ' end') }} as bigint)
            as deferred_revenue{{ step }}_minor,
        cast({{ sum_known('case when is_asset then ' ~ owed ~ ' - ' ~ deferred ~ ' else -' ~ asset ~ ' end') }} as bigint)
            as contract_asset{{ step }}_minor,
        cast({{ sum_known(owed) }} as bigint) as refund_liability{{ step }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from sides
    group by 1, 2, 3

),

movements as (

    select
        period_index, entity_id, currency, balance, movement,
        {{ in_each_currency('cast(' ~ sum_known('amountSTEP_minor') ~ ' as bigint)') }}
    from (
        select period_index, entity_id, currency, 'backlog' as balance, movement, {{ in_each_currency('amountSTEP_minor') }}
        from flows
        where measure in ('contracted', 'recognized')
        union all
        select period_index, entity_id, currency, 'accounts_receivable' as balance, movement,
            {{ in_each_currency('amountSTEP_minor + taxSTEP_minor') }}
        from flows
        where measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt') and not is_unlinked
        union all
        select period_index, entity_id, currency, 'customer_deposits' as balance, movement, {{ in_each_currency('amountSTEP_minor') }}
        from flows
        where measure = 'deposited'
        union all
        select
            period_index, entity_id, currency, case when is_asset then 'contract_asset' else 'deferred_revenue' end as balance,
            movement, {{ in_each_currency('case when is_asset then -amountSTEP_minor else amountSTEP_minor end') }}
        from flows
        where measure in ('billed', 'not_yet_counted', 'recognized')
        {% for balance in ['deferred_revenue', 'contract_asset', 'refund_liability'] %}
        union all
        select period_index, entity_id, currency, '{{ balance }}' as balance, 'reclassification' as movement,
            {{ in_each_currency(balance ~ 'STEP_minor') }}
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
        {% set last = loop.last -%}
        {% for step in steps -%}
        cast({{ sum_known(balance ~ step ~ '_minor') }} as bigint) as {{ balance }}{{ step }}_minor{{ ',' if not (last and loop.last) }}
        {% endfor -%}
        {% endfor %}
    from sides
    group by 1, 2, 3

),

stocks as (

    select
        periods.period_index,
        backlog.entity_id,
        backlog.currency,
        'backlog' as balance,
        cast(sum({{ to_minor('backlog.backlog', 'currencies.exponent') }}) as bigint) as amount_minor,
        cast({{ sum_known(to_minor('backlog.backlog_functional', 'currencies.functional_exponent')) }} as bigint)
            as amount_functional_minor,
        cast({{ sum_known(to_minor('backlog.backlog_reporting', 'currencies.reporting_exponent')) }} as bigint)
            as amount_reporting_minor
    from {{ ref('fct_backlog') }} as backlog
    inner join periods on backlog.period = periods.period
    inner join currencies on backlog.entity_id = currencies.entity_id and backlog.currency = currencies.currency
    group by 1, 2, 3
    {% for balance in contract_balances %}
    union all
    select period_index, entity_id, currency, '{{ balance }}' as balance, {{ in_each_currency(balance ~ 'STEP_minor') }}
    from contract_stocks
    {% endfor %}

),

frozen_amounts as (

    select
        last_closed.period_index,
        last_closed.end_date,
        frozen.entity_id,
        frozen.currency,
        frozen.balance,
        currencies.currency_pair,
        currencies.is_foreign,
        currencies.is_translated,
        {{ to_minor('frozen.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('frozen.amount_functional', 'currencies.functional_exponent') }} as amount_functional_minor,
        {{ to_minor('frozen.amount_reporting', 'currencies.reporting_exponent') }} as amount_reporting_minor
    from {{ source('frozen', 'rpt_rollforward') }} as frozen
    inner join last_closed on frozen.period = last_closed.period
    inner join currencies on frozen.entity_id = currencies.entity_id and frozen.currency = currencies.currency
    where frozen.movement = 'closing'

),

-- a month published before there were rates opens at the rate of its last day
frozen_functional as (

    select
        frozen.*,
        rates.reporting_numerator,
        rates.reporting_denominator,
        coalesce(frozen.amount_functional_minor, {{ to_functional('frozen.amount_minor', 'frozen', 'rates') }}) as functional_minor
    from frozen_amounts as frozen
    left join {{ ref('currency_days') }} as rates
        on frozen.currency_pair = rates.currency_pair and frozen.end_date = rates.rate_day

),

frozen_closings as (

    select
        frozen.period_index,
        frozen.entity_id,
        frozen.currency,
        frozen.balance,
        frozen.amount_minor,
        frozen.functional_minor as amount_functional_minor,
        coalesce(frozen.amount_reporting_minor, {{ to_reporting('frozen.functional_minor', 'frozen', 'frozen') }})
            as amount_reporting_minor
    from frozen_functional as frozen

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

    -- without a rate a stock is unknown, without a stock it is 0
    select
        periods.period_index,
        scopes.entity_id,
        scopes.currency,
        scopes.balance,
        {{ in_each_currency('case when stocks.period_index is null then 0 else stocks.amountSTEP_minor end') }}
    from scopes
    inner join periods on scopes.first_index <= periods.period_index
    left join stocks
        on periods.period_index = stocks.period_index
        and scopes.entity_id = stocks.entity_id
        and scopes.currency = stocks.currency
        and scopes.balance = stocks.balance

),

compared as (

    select
        closings.*,
        {% for step in steps -%}
        case
            when frozen_closings.period_index is not null then frozen_closings.amount{{ step }}_minor
            else lag(closings.amount{{ step }}_minor, 1, 0) over (
                partition by closings.entity_id, closings.currency, closings.balance order by closings.period_index
            )
        end as opening{{ step }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from closings
    left join frozen_closings
        on closings.period_index = frozen_closings.period_index + 1
        and closings.entity_id = frozen_closings.entity_id
        and closings.currency = frozen_closings.currency
        and closings.balance = frozen_closings.balance

),

moved as (

    select period_index, entity_id, currency, balance, {{ in_each_currency(sum_known('amountSTEP_minor')) }}
    from movements
    group by 1, 2, 3, 4

),

fx as (

    select
        compared.period_index,
        compared.entity_id,
        compared.currency,
        compared.balance,
        cast(0 as bigint) as amount_minor
        {%- for step in ['_functional', '_reporting'] %},
        cast(compared.amount{{ step }}_minor - compared.opening{{ step }}_minor
            - case when moved.period_index is null then 0 else moved.amount{{ step }}_minor end as bigint)
            as amount{{ step }}_minor
        {%- endfor %}
    from compared
    left join moved
        on compared.period_index = moved.period_index
        and compared.entity_id = moved.entity_id
        and compared.currency = moved.currency
        and compared.balance = moved.balance

),

all_rows as (

    select period_index, entity_id, currency, balance, 'opening' as movement, {{ in_each_currency('openingSTEP_minor') }} from compared
    union all
    select period_index, entity_id, currency, balance, movement, {{ in_each_currency('amountSTEP_minor') }}
    from movements
    where amount_minor != 0 or amount_functional_minor != 0 or amount_reporting_minor != 0
    union all
    select period_index, entity_id, currency, balance, 'fx' as movement, {{ in_each_currency('amountSTEP_minor') }}
    from fx
    where amount_functional_minor != 0 or amount_reporting_minor != 0
    union all
    select period_index, entity_id, currency, balance, 'closing' as movement, {{ in_each_currency('amountSTEP_minor') }} from compared

)

select
    periods.period,
    all_rows.entity_id,
    all_rows.currency,
    all_rows.balance,
    all_rows.movement,
    currencies.functional_currency,
    {{ to_amount('all_rows.amount_minor', 'currencies.exponent') }} as amount,
    {{ to_amount('all_rows.amount_functional_minor', 'currencies.functional_exponent') }} as amount_functional,
    {{ to_amount('all_rows.amount_reporting_minor', 'currencies.reporting_exponent') }} as amount_reporting
from all_rows
inner join periods on all_rows.period_index = periods.period_index
inner join currencies on all_rows.entity_id = currencies.entity_id and all_rows.currency = currencies.currency

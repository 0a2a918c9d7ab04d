-- Grain: open period × entity × currency × journal × role of an account × revenue category.
-- Why: what posting says, as a bookkeeper would enter it (accounting.md §8), debits positive: billing, recognition, cash, bad
-- debt, refund liability, exchange differences (functional currency alone), and at the period's end the negative positions as
-- contract asset and unbilled receivable, taken back on the first day of the next. Minor units.

with flows as (

    -- the ledger has its opening balances of the old system
    select * from {{ ref('posted_flows') }} where movement != 'cut_over'

),

rolled as (

    select
        periods.period_index,
        rolled.entity_id,
        rolled.currency,
        rolled.balance,
        rolled.movement,
        {{ to_minor('rolled.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('rolled.amount_functional', 'currencies.functional_exponent') }} as functional_minor
    from {{ ref('rpt_rollforward') }} as rolled
    inner join {{ ref('periods') }} as periods on rolled.period = periods.period
    inner join {{ ref('currency_scopes') }} as currencies
        on rolled.entity_id = currencies.entity_id and rolled.currency = currencies.currency

),

-- what of the contract assets is only a matter of time, at the ends of open periods and of the last closed one
unbilled as (

    select
        periods.period_index,
        balances.entity_id,
        balances.currency,
        cast(sum({{ to_minor('balances.unbilled_receivable', 'currencies.exponent') }}) as bigint) as amount_minor,
        cast({{ sum_known(to_minor('balances.unbilled_receivable_functional', 'currencies.functional_exponent')) }} as bigint)
            as functional_minor
    from (
        select period, entity_id, currency, unbilled_receivable, unbilled_receivable_functional
        from {{ ref('fct_contract_balances') }}
        union all
        select
            published.period, published.entity_id, published.currency, published.unbilled_receivable,
            published.unbilled_receivable_functional
        from {{ source('frozen', 'fct_contract_balances') }} as published
        cross join {{ source('run', 'context') }} as context
        where published.period = context.last_closed_period
    ) as balances
    inner join {{ ref('periods') }} as periods on balances.period = periods.period
    inner join {{ ref('currency_scopes') }} as currencies
        on balances.entity_id = currencies.entity_id and balances.currency = currencies.currency
    group by periods.period_index, balances.entity_id, balances.currency

),

assets as (

    select
        stocks.period_index,
        stocks.entity_id,
        stocks.currency,
        stocks.movement,
        stocks.amount_minor,
        stocks.functional_minor,
        coalesce(unbilled.amount_minor, 0) as unbilled_minor,
        case when unbilled.period_index is null then 0 else unbilled.functional_minor end as unbilled_functional_minor
    from rolled as stocks
    left join unbilled
        on stocks.entity_id = unbilled.entity_id
        and stocks.currency = unbilled.currency
        and case stocks.movement when 'opening' then stocks.period_index - 1 else stocks.period_index end = unbilled.period_index
    where stocks.balance = 'contract_asset' and stocks.movement in ('opening', 'closing')

),

postings as (

    {% for journal, condition, sides in document_sides() + [
        ('recognition', "measure = 'recognized'", [
            ('deferred_revenue', '-1', true, false), ('revenue', '1', true, false),
        ]),
    ] -%}
    {% for role, sign, has_amount, has_tax in sides -%}
    select
        period_index,
        entity_id,
        currency,
        '{{ journal }}' as journal,
        '{{ role }}' as account_role,
        {{ 'revenue_category' if role == 'revenue' else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as revenue_category,
        {% for step, column in [('', 'amount_minor'), ('_functional', 'functional_minor')] -%}
        {{ sign }} * ({{ 'amount' ~ step ~ '_minor' if has_amount }}{{ ' + ' if has_amount and has_tax }}
            {{- 'tax' ~ step ~ '_minor' if has_tax }}) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from flows
    where {{ condition }}
    union all
    {% endfor -%}
    {% endfor -%}

    {% for role, sign in [('refund_liability', '-1'), ('deferred_revenue', '1')] -%}
    select period_index, entity_id, currency, 'refund_liability', '{{ role }}', null, {{ sign }} * amount_minor, {{ sign }} * functional_minor
    from rolled
    where balance = 'refund_liability' and movement = 'reclassification'
    union all
    {% endfor -%}

    {% for movement, journal, sign in [('opening', 'reversal', '-1'), ('closing', 'reclassification', '1')] -%}
    {% for role, amount, functional, side in [
        ('contract_asset', 'amount_minor - unbilled_minor', 'functional_minor - unbilled_functional_minor', '1'),
        ('unbilled_receivable', 'unbilled_minor', 'unbilled_functional_minor', '1'),
        ('deferred_revenue', 'amount_minor', 'functional_minor', '-1'),
    ] -%}
    select
        period_index, entity_id, currency, '{{ journal }}', '{{ role }}', null,
        {{ sign }} * {{ side }} * ({{ amount }}), {{ sign }} * {{ side }} * ({{ functional }})
    from assets
    where movement = '{{ movement }}'
    union all
    {% endfor -%}
    {% endfor -%}

    -- a balance that rates moved, and the gain or loss of it; contract assets are deferred revenue before the period's end
    {% for balance, role, sign in [
        ('accounts_receivable', 'accounts_receivable', '1'), ('customer_deposits', 'customer_deposits', '-1'),
        ('refund_liability', 'refund_liability', '-1'), ('deferred_revenue', 'deferred_revenue', '-1'),
        ('contract_asset', 'deferred_revenue', '1'),
    ] -%}
    {% for account, side in [(role, '1'), ('fx', '-1')] -%}
    select period_index, entity_id, currency, 'fx', '{{ account }}', null, 0, {{ sign }} * {{ side }} * functional_minor
    from rolled
    where balance = '{{ balance }}' and movement = 'fx'
    {{ 'union all' if not (balance == 'contract_asset' and loop.last) }}
    {% endfor -%}
    {% endfor %}

)

select
    period_index,
    entity_id,
    currency,
    journal,
    account_role,
    revenue_category,
    cast(sum(amount_minor) as bigint) as amount_minor,
    cast({{ sum_known('functional_minor') }} as bigint) as functional_minor
from postings
group by period_index, entity_id, currency, journal, account_role, revenue_category
having sum(amount_minor) != 0 or sum(functional_minor) != 0

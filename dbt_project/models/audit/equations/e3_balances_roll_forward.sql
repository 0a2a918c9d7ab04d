-- Grain: row of audit.tie_outs.
-- Why: E3, opening + movements = closing for every balance, in contract, functional and reporting currency; the opening of
-- the first open period is the frozen closing. What is open by invoice is the closing of receivables, and backlog rolls
-- forward by cause as well. Rates move nothing that is in the entity's own currency.

with compared as (

    {% for step in ['', '_functional', '_reporting'] -%}
    {% set in_currency = ' in ' ~ step[1:] ~ ' currency' if step else '' -%}
    -- where no rates are delivered there is nothing to add up
    select
        period,
        entity_id,
        currency,
        balance || '{{ in_currency }}' as balance,
        balance as item,
        sum(case when movement = 'closing' then amount{{ step }} else 0 end) as expected,
        sum(case when movement = 'closing' then 0 else amount{{ step }} end) as actual
    from {{ ref('rpt_rollforward') }}
    where amount{{ step }} is not null
    group by period, entity_id, currency, balance

    union all

    select
        period,
        entity_id,
        currency,
        'backlog by cause{{ in_currency }}' as balance,
        'backlog by cause' as item,
        sum(case when cause = 'closing' then amount{{ step }} else 0 end) as expected,
        sum(case when cause = 'closing' then 0 else amount{{ step }} end) as actual
    from {{ ref('rpt_backlog_bridge') }}
    where amount{{ step }} is not null
    group by period, entity_id, currency

    union all

    {% endfor -%}

    -- what is in the entity's own currency gains or loses nothing by rates, nor does what is in the reporting currency then
    select
        rolled.period,
        rolled.entity_id,
        rolled.currency,
        rolled.balance || ' without fx' as balance,
        rolled.balance as item,
        0 as expected,
        sum(abs(case when rolled.currency = rolled.functional_currency then rolled.amount_functional else 0 end)
            + abs(case
                when rolled.functional_currency = context.reporting_currency then rolled.amount_reporting - rolled.amount_functional
                else 0
            end)) as actual
    from {{ ref('rpt_rollforward') }} as rolled
    cross join {{ source('run', 'context') }} as context
    where rolled.movement = 'fx'
    group by rolled.period, rolled.entity_id, rolled.currency, rolled.balance

    union all

    -- once rates are delivered, no fact is left untranslated
    {% for fact, amount in [
        ('fct_bookings', 'amount'), ('fct_billings', 'amount'), ('fct_recognized_revenue', 'amount'),
        ('fct_backlog', 'backlog'), ('fct_contract_balances', 'accounts_receivable'),
    ] -%}
    select
        facts.period,
        facts.entity_id,
        facts.currency,
        '{{ fact }} without a rate' as balance,
        '{{ fact }}' as item,
        0 as expected,
        sum(case when facts.{{ amount }}_reporting is null then 1 else 0 end) as actual
    from {{ ref(fact) }} as facts
    where exists (select 1 from {{ ref('rates') }})
    group by facts.period, facts.entity_id, facts.currency

    union all

    {% endfor -%}
    select
        period,
        entity_id,
        currency,
        'accounts_receivable by invoice' as balance,
        'accounts_receivable by invoice' as item,
        sum(closing) as expected,
        sum(open) as actual
    from (
        select period, entity_id, currency, amount as closing, 0 as open
        from {{ ref('rpt_rollforward') }}
        where balance = 'accounts_receivable' and movement = 'closing'
        union all
        select period, entity_id, currency, 0 as closing, open
        from {{ ref('fct_receivables') }}
        where contract_id != '(not linked)'
    ) as sides
    group by period, entity_id, currency

)

{{ tie_out('E3', 'compared', ['period', 'entity_id', 'currency', 'balance']) }}

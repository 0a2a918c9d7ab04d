-- Grain: row of audit.tie_outs.
-- Why: E3, opening + movements = closing for every balance; the opening of the first open period is the frozen closing. What
-- is open by invoice is the closing of receivables, and backlog rolls forward by cause as well.

with compared as (

    select
        period,
        entity_id,
        currency,
        balance,
        balance as item,
        sum(case when movement = 'closing' then amount else 0 end) as expected,
        sum(case when movement = 'closing' then 0 else amount end) as actual
    from {{ ref('rpt_rollforward') }}
    group by period, entity_id, currency, balance

    union all

    select
        period,
        entity_id,
        currency,
        'backlog by cause' as balance,
        'backlog by cause' as item,
        sum(case when cause = 'closing' then amount else 0 end) as expected,
        sum(case when cause = 'closing' then 0 else amount end) as actual
    from {{ ref('rpt_backlog_bridge') }}
    group by period, entity_id, currency

    union all

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

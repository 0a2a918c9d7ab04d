-- Grain: row of audit.tie_outs.
-- Why: E3, opening + movements = closing for every balance; the opening of the first open period is the frozen closing.

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

)

{{ tie_out('E3', 'compared', ['period', 'entity_id', 'currency', 'balance']) }}

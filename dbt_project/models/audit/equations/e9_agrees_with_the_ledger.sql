-- Grain: row of audit.tie_outs.
-- Why: E9, what is published = the general ledger + every difference that is listed with its reason. What is published comes
-- from the roll-forward and the revenue of all periods, so that a document which the list lost would be seen. No rows where no
-- ledger is delivered.

with compared as (

    select period, entity_id, currency, balance, balance as item, sum(expected) as expected, sum(actual) as actual
    from (
        select period, entity_id, currency, balance, ours as expected, theirs as actual from {{ ref('rpt_reconciliation') }}
        union all
        select period, entity_id, currency, balance, 0 as expected, difference as actual
        from {{ ref('rpt_reconciliation_items') }}
    ) as sides
    group by period, entity_id, currency, balance

)

{{ tie_out('E9', 'compared', ['period', 'entity_id', 'currency', 'balance']) }}

-- Grain: row of audit.tie_outs.
-- Why: E7, backlog = deferred revenue + refund liability + unbilled amount − contract asset, per accounting contract.

with backlog as (

    select dimensions.balance_id, positions.period_index, cast(sum(positions.backlog_minor) as bigint) as backlog_minor
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    group by dimensions.balance_id, positions.period_index

),

compared as (

    select
        periods.period,
        balances.entity_id,
        balances.currency,
        balances.accounting_contract_id as item,
        {{ to_amount('coalesce(backlog.backlog_minor, 0)', 'balances.exponent') }} as expected,
        {{ to_amount(
            '(positions.deferred_revenue_minor + positions.refund_liability_minor + positions.contracted_minor - positions.billed_minor - positions.contract_asset_minor)',
            'balances.exponent'
        ) }} as actual
    from {{ ref('contract_positions') }} as positions
    inner join {{ ref('balances') }} as balances on positions.balance_id = balances.balance_id
    inner join {{ ref('periods') }} as periods on positions.period_index = periods.period_index
    left join backlog
        on positions.balance_id = backlog.balance_id and positions.period_index = backlog.period_index

)

{{ tie_out('E7', 'compared', ['period', 'entity_id', 'currency'], 'contract ') }}

-- Grain: row of audit.tie_outs.
-- Why: E7, backlog = deferred revenue + refund liability + unbilled amount − contract asset, per accounting contract.

with backlog as (

    select accounting_contract_id, entity_id, currency, period, sum(backlog_minor) as backlog_minor
    from {{ ref('line_positions') }}
    group by accounting_contract_id, entity_id, currency, period

),

compared as (

    select
        balances.period || ' ' || balances.entity_id || ' ' || balances.currency as scope,
        'contract ' || balances.accounting_contract_id as item,
        {{ to_amount('coalesce(backlog.backlog_minor, 0)', 'currencies.exponent') }} as expected,
        {{ to_amount(
            'balances.deferred_revenue_minor + balances.refund_liability_minor + balances.contracted_minor - balances.billed_minor - balances.contract_asset_minor',
            'currencies.exponent'
        ) }} as actual
    from {{ ref('contract_positions') }} as balances
    inner join {{ ref('exchange__currencies') }} as currencies on balances.currency = currencies.currency
    left join backlog
        on balances.accounting_contract_id = backlog.accounting_contract_id
        and balances.entity_id = backlog.entity_id
        and balances.currency = backlog.currency
        and balances.period = backlog.period

)

{{ tie_out('E7', 'compared') }}

-- Grain: row of audit.tie_outs.
-- Why: E4, Σ allocated = transaction price, per accounting contract on the terms as first signed.

with compared as (

    select
        currency,
        accounting_contract_id as item,
        {{ to_amount('sum(amount_minor)', 'max(exponent)') }} as expected,
        {{ to_amount('sum(allocated_minor)', 'max(exponent)') }} as actual
    from {{ ref('line_allocations') }}
    group by accounting_contract_id, currency

)

{{ tie_out('E4', 'compared', ['currency'], 'contract ') }}

-- Grain: row of audit.tie_outs.
-- Why: E4, Σ allocated = transaction price, per accounting contract: on the terms as first signed, and of every
-- modification what it changes on all lines is the money of its amendments. What a credit for a cancellation or a
-- return takes off the price, and an adjustment of revenue adds to it, follows from what was earned, and has no other figure to
-- be held against; nor has an opening balance.

with signed as (

    select
        currency,
        accounting_contract_id as item,
        {{ to_amount('sum(price_minor)', 'max(exponent)') }} as expected,
        {{ to_amount('sum(allocated_minor)', 'max(exponent)') }} as actual
    from {{ ref('line_allocations') }}
    where amendment_id is null
    group by accounting_contract_id, currency

),

changes as (

    select
        lines.currency,
        lines.exponent,
        changes.accounting_contract_id,
        changes.modification_number,
        changes.amount_delta_minor,
        changes.change_minor
    from {{ ref('contracted_changes') }} as changes
    inner join {{ ref('line_allocations') }} as lines on changes.contract_line_id = lines.contract_line_id
    where changes.change != 'cancel' and coalesce(changes.conceded_from, '') not in ('cancellation', 'return', 'recognized', 'opening')

),

modified as (

    select
        currency,
        accounting_contract_id || ' modification ' || cast(modification_number as {{ dbt.type_string() }}) as item,
        {{ to_amount('sum(amount_delta_minor)', 'max(exponent)') }} as expected,
        {{ to_amount('sum(change_minor)', 'max(exponent)') }} as actual
    from changes
    group by accounting_contract_id, modification_number, currency

),

compared as (

    select * from signed
    union all
    select * from modified

)

{{ tie_out('E4', 'compared', ['currency'], 'contract ') }}

-- Grain: row of audit.tie_outs.
-- Why: E4, Σ allocated = transaction price, per accounting contract: on the terms as first signed, and of every
-- modification what it changes on all lines is the money of its amendments. What a credit for a cancellation or a
-- return takes off the price follows from what was earned, and has no other figure to be held against.

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
        changes.round_number,
        changes.amount_delta_minor,
        case
            when changes.change = 'share' then 0
            else coalesce(amounts.base_minor + amounts.remainder_minor - amounts.taken_minor, 0)
        end as change_minor
    from {{ ref('modified_lines') }} as changes
    inner join {{ ref('line_allocations') }} as lines on changes.contract_line_id = lines.contract_line_id
    left join {{ ref('layer_amounts') }} as amounts
        on changes.contract_line_id = amounts.contract_line_id
        and changes.round_number = amounts.round_number
        and changes.layer = amounts.layer
    where changes.change != 'cancel' and coalesce(changes.conceded_from, '') not in ('cancellation', 'return')

),

modified as (

    select
        currency,
        accounting_contract_id || ' modification ' || cast(round_number as {{ dbt.type_string() }}) as item,
        {{ to_amount('sum(amount_delta_minor)', 'max(exponent)') }} as expected,
        {{ to_amount('sum(change_minor)', 'max(exponent)') }} as actual
    from changes
    group by accounting_contract_id, round_number, currency

),

compared as (

    select * from signed
    union all
    select * from modified

)

{{ tie_out('E4', 'compared', ['currency'], 'contract ') }}

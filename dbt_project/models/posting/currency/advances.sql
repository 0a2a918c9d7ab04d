-- Grain: balance in a foreign currency × open period in which it holds or moves something.
-- Why: an advance is no money: it keeps the rates of its billings, weighted per contract, until revenue is released from it
-- (accounting.md §7). advance is what revenue of the period could be taken from; what is recognized beyond it makes a contract
-- asset, at the period's average. A round is a period: it stands on what the one before left. Minor units.
{{ config(
    materialized='iterated',
    rounds_from='advance_moves',
    columns=[
        ['round_number', 'integer'],
        ['balance_id', 'integer'],
        ['period_index', 'integer'],
        ['advance_minor', 'bigint'],
        ['advance_functional_minor', 'bigint'],
        ['deferred_functional_minor', 'bigint'],
    ],
) }}

with moves as (

    -- what the revenue of the period meets, and what billing (less what is owed back) added to it
    select
        moves.*,
        moves.position_minor + moves.recognized_minor as advance_minor,
        moves.position_minor + moves.recognized_minor - moves.position_before_minor as added_minor,
        case
            when moves.round_number = 1 and at_close.balance_id is not null then at_close.deferred_revenue_functional_minor
            when earlier.balance_id is not null then earlier.deferred_functional_minor
            else 0
        end as deferred_before_functional_minor
    from {{ ref('advance_moves') }} as moves
    left join {{ this }} as earlier
        on earlier.round_number = __round__ - 1
        and moves.balance_id = earlier.balance_id
        and moves.period_index = earlier.period_index + 1
    left join {{ ref('balances_at_close') }} as at_close on moves.balance_id = at_close.balance_id
    where moves.round_number = __round__

),

added as (

    select
        moves.*,
        rates.functional_numerator,
        rates.functional_denominator,
        case
            when moves.added_minor <= 0 then cast(0 as bigint)
            when moves.billed_minor > 0 then {{ prorate('moves.billed_functional_minor', 'moves.added_minor', 'moves.billed_minor') }}
            else {{ to_functional('moves.added_minor', 'moves', 'rates') }}
        end as added_functional_minor
    from moves
    left join {{ ref('currency_periods') }} as rates
        on moves.currency_pair = rates.currency_pair
        and moves.period_index = rates.period_index
        and rates.rate_kind = 'average'

),

advanced as (

    select
        added.*,
        case
            when advance_minor <= 0 then cast(0 as bigint)
            -- billing settled the contract asset first
            when position_before_minor < 0 then {{ prorate('added_functional_minor', 'advance_minor', 'added_minor') }}
            when added_minor >= 0 then deferred_before_functional_minor + added_functional_minor
            else {{ prorate('deferred_before_functional_minor', 'advance_minor', 'position_before_minor') }}
        end as advance_functional_minor
    from added

)

select
    cast(__round__ as integer) as round_number,
    advanced.balance_id,
    advanced.period_index,
    greatest(advanced.advance_minor, 0) as advance_minor,
    advanced.advance_functional_minor,
    case
        when advanced.position_minor <= 0 then cast(0 as bigint)
        when advanced.advance_minor > 0
            then {{ prorate('advanced.advance_functional_minor', 'advanced.position_minor', 'advanced.advance_minor') }}
        -- what was recognized before it was billed is taken back
        else {{ to_functional('advanced.position_minor', 'advanced', 'advanced') }}
    end as deferred_functional_minor
from advanced

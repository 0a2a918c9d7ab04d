-- Grain: contract line × round_number × layer that a modification makes.
-- Why: the money of each modification, one round after the other (accounting.md §5, macros/iterated.sql): what a layer has
-- earned already (base), what it still earns (remainder), and what was contracted in the layers it takes (taken).
--   pool: price = Σ (contracted − recognized(m − 1)) + amounts of the amendment, shared by remaining SSP
--   catch-up: price = Σ what the allocation's layers still earn + amounts, shared by its SSPs
--   separate: the amounts of what is added; cancel: recognized(x − 1), or contracted + amount_delta
{{ config(
    materialized='iterated',
    columns=[
        ['accounting_contract_id', dbt.type_string()], ['round_number', 'integer'],
        ['contract_line_id', dbt.type_string()], ['layer', dbt.type_string()], ['base_minor', 'bigint'],
        ['remainder_minor', 'bigint'], ['taken_minor', 'bigint'],
    ],
    rounds_from='modifications',
) }}

with changes as (

    select * from {{ ref('modified_lines') }} where round_number = __round__

),

money as (

    select contract_line_id, round_number, layer, base_minor, remainder_minor
    from {{ this }}

    union all

    select contract_line_id, 0 as round_number, 'main' as layer, cast(0 as bigint) as base_minor, allocated_minor as remainder_minor
    from {{ ref('line_allocations') }}
    where accounting_contract_id in (select accounting_contract_id from changes)

),

reads as (

    select
        reads.*,
        money.base_minor,
        money.remainder_minor as spread_minor,
        layers.recognition_method,
        layers.convention,
        layers.spread_start,
        layers.spread_end,
        layers.first_month,
        layers.last_month,
        layers.weight_unit,
        layers.first_weight,
        layers.last_weight,
        layers.total_weight,
        layers.progress_from,
        layers.whole,
        lines.progress_before as progress,
        lines.is_ended_before as is_ended
    from {{ ref('layer_reads') }} as reads
    inner join money
        on reads.contract_line_id = money.contract_line_id
        and reads.made_in = money.round_number
        and reads.layer = money.layer
    inner join {{ ref('layers') }} as layers
        on reads.contract_line_id = layers.contract_line_id
        and reads.made_in = layers.round_number
        and reads.layer = layers.layer
    inner join {{ ref('lines_in_rounds') }} as lines
        on reads.contract_line_id = lines.contract_line_id
        and reads.round_number = lines.round_number
    where reads.round_number = __round__

),

open_before as (

    select
        contract_line_id,
        cast(sum(base_minor + spread_minor) as bigint) as taken_minor,
        cast(sum(base_minor) as bigint) as base_minor,
        cast(sum(spread_minor) as bigint) as remainder_minor
    from reads
    where is_open
    group by contract_line_id

),

earned_before as (

    select contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
    from (
        select contract_line_id, recognized_minor
        from ( {{ recognized_at("(select * from reads where is_in_force and spread_start is not null)") }} ) as by_time
        union all
        select
            contract_line_id,
            case
                when recognition_method = 'cancelled' then base_minor
                -- a term without a day left is earned at once
                when recognition_method = 'ratable' then base_minor + spread_minor
                else {{ earned_by_progress(
                    'recognition_method', 'spread_minor', 'base_minor', 'progress_from', 'reads', 'reads.whole'
                ) }}
            end as recognized_minor
        from reads
        where is_in_force and spread_start is null
    ) as evaluated
    group by contract_line_id

),

before_change as (

    select
        changes.*,
        coalesce(open_before.taken_minor, 0) + changes.beside_contracted_minor as taken_minor,
        coalesce(open_before.base_minor, 0) as open_base_minor,
        coalesce(open_before.remainder_minor, 0) as open_remainder_minor,
        coalesce(earned_before.recognized_minor, 0) + changes.beside_earned_minor as recognized_minor
    from changes
    left join open_before on changes.contract_line_id = open_before.contract_line_id
    left join earned_before on changes.contract_line_id = earned_before.contract_line_id

),

cumulated as (

    select
        before_change.*,
        cast(sum(
            amount_delta_minor + case change
                when 'pool' then taken_minor - recognized_minor
                when 'catch_up' then open_remainder_minor
                else 0
            end
        ) over allocation_of_round as bigint) as price_minor,
        cast(sum(basis_minor) over (
            partition by accounting_contract_id, allocation order by line_place, contract_line_id
            rows between unbounded preceding and current row
        ) as bigint) as basis_through_line,
        cast(sum(basis_minor) over allocation_of_round as bigint) as basis_of_all
    from before_change
    window allocation_of_round as (partition by accounting_contract_id, allocation)

),

shared as (

    select
        cumulated.*,
        case
            when basis_of_all = 0 then cast(0 as bigint)
            else {{ prorate(
                'price_minor', 'case when basis_of_all < 0 then -basis_through_line else basis_through_line end',
                'abs(basis_of_all)') }}
                - {{ prorate(
                    'price_minor',
                    '(case when basis_of_all < 0 then basis_minor - basis_through_line else basis_through_line - basis_minor end)',
                    'abs(basis_of_all)') }}
        end as share_minor
    from cumulated

)

select
    shared.accounting_contract_id,
    shared.round_number,
    shared.contract_line_id,
    shared.layer,
    cast(case shared.change
        when 'pool' then shared.recognized_minor
        when 'catch_up' then shared.open_base_minor
        when 'cancel'
            then coalesce(shared.taken_minor + cancellations.amount_delta_minor, shared.recognized_minor)
        else 0
    end as bigint) as base_minor,
    cast(case when shared.change = 'cancel' then 0 else shared.share_minor end as bigint) as remainder_minor,
    shared.taken_minor
from shared
left join {{ ref('cancellations') }} as cancellations
    on shared.change = 'cancel' and shared.contract_line_id = cancellations.contract_line_id
where shared.change != 'money'

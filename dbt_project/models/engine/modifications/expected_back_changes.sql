-- Grain: contract line of goods of which something is or was expected back × what changes how much that is in money.
-- Why: contracted is what the layers of a line come to less what is expected back of them (accounting.md §6): value at
-- the whole − value at the part that stays, of the layer in force and the version in force. It changes with either:
-- when a line is signed, when a modification puts another layer in its place, and on the date of an estimate. A
-- cancellation's final amount has it off already.

{% set in_order -%}
    steps.step_date, steps.kind_place, case when steps.kind_place < 3 then steps.modification_number end, steps.first_id,
    coalesce(steps.modification_number, 2147483647)
{%- endset %}

with returns as (

    select * from {{ ref('returns_in_force') }}

),

lines as (

    select lines.*
    from {{ ref('line_allocations') }} as lines
    inner join returns on lines.contract_line_id = returns.contract_line_id and returns.version_number = 1
    where lines.recognition_method = 'point_in_time'

),

modified as (

    select distinct accounting_contract_id from {{ ref('modifications') }}

),

-- what the line is worth, from each round that changed it
worth as (

    select
        lines.contract_line_id,
        0 as modification_number,
        lines.signed_date as known_from,
        0 as kind_place,
        '' as first_id,
        'signing' as change,
        cast(0 as bigint) as base_minor,
        lines.allocated_minor as remainder_minor,
        cast(0 as bigint) as progress_from,
        lines.quantity_millionths * lines.return_scale as whole
    from lines
    where lines.amendment_id is null

    union all

    select
        layers.contract_line_id,
        layers.modification_number,
        case when layers.change = 'separate' then modifications.signed_date else layers.known_from end as known_from,
        case modifications.kind when 'amendment' then 1 when 'cancellation' then 2 else 3 end as kind_place,
        modifications.first_id,
        layers.change,
        amounts.base_minor,
        amounts.remainder_minor,
        layers.progress_from,
        layers.whole
    from {{ ref('layers') }} as layers
    inner join lines on layers.contract_line_id = lines.contract_line_id
    inner join {{ ref('modifications') }} as modifications
        on layers.accounting_contract_id = modifications.accounting_contract_id
        and layers.modification_number = modifications.modification_number
    inner join {{ ref('layer_amounts') }} as amounts
        on layers.contract_line_id = amounts.contract_line_id
        and layers.modification_number = amounts.modification_number
        and layers.layer = amounts.layer
    where layers.layer = 'main' and layers.change != 'concession'

),

steps as (

    select
        worth.contract_line_id,
        worth.known_from as step_date,
        worth.kind_place,
        worth.first_id,
        worth.modification_number,
        cast(null as integer) as version_number,
        cast(null as {{ dbt.type_string() }}) as estimate_id
    from worth

    union all

    select
        returns.contract_line_id,
        returns.counts_from as step_date,
        3 as kind_place,
        returns.estimate_id as first_id,
        cast(null as integer) as modification_number,
        returns.version_number,
        returns.estimate_id
    from returns
    inner join lines on returns.contract_line_id = lines.contract_line_id
    where returns.version_number > 1

),

in_force as (

    select
        steps.contract_line_id,
        steps.step_date,
        steps.kind_place,
        steps.first_id,
        steps.estimate_id,
        max(steps.modification_number) over so_far as modification_number,
        coalesce(max(steps.version_number) over so_far, 1) as version_number,
        row_number() over (
            partition by steps.contract_line_id
            order by {{ in_order }}
        ) as place
    from steps
    window so_far as (
        partition by steps.contract_line_id
        order by {{ in_order }}
        rows between unbounded preceding and current row
    )

),

valued as (

    select
        in_force.*,
        worth.change,
        cast(case
            when worth.change = 'cancel' then 0
            else {{ expected_back(
                'worth.remainder_minor', 'worth.base_minor', 'worth.progress_from', 'worth.whole', 'returns.stays', 'returns.scale'
            ) }}
        end as bigint) as expected_back_minor
    from in_force
    inner join worth
        on in_force.contract_line_id = worth.contract_line_id
        and in_force.modification_number = worth.modification_number
    inner join returns
        on in_force.contract_line_id = returns.contract_line_id
        and in_force.version_number = returns.version_number

),

changed as (

    select
        valued.*,
        expected_back_minor - lag(expected_back_minor, 1, 0) over (partition by contract_line_id order by place) as change_minor
    from valued

)

select
    changed.contract_line_id,
    changed.modification_number,
    case
        when changed.estimate_id is not null or changed.kind_place = 3 then 'estimate:' || changed.first_id
        when changed.kind_place = 0 then 'signing'
        else 'modification:' || changed.first_id
    end as event_id,
    changed.step_date as event_date,
    changed.change_minor,
    changed.expected_back_minor,
    changed.place
from changed
cross join {{ source('run', 'context') }} as context
left join {{ ref('cancellations') }} as cancellations on changed.contract_line_id = cancellations.contract_line_id
where changed.change != 'cancel'
    and changed.change_minor != 0
    and changed.step_date <= context.cut_date
    and (cancellations.contracted_date is null or changed.step_date < cancellations.contracted_date or changed.kind_place < 2)

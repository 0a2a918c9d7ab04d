-- Grain: accounting contract × modification_number of a modification × contract line × layer it takes money from.
-- Why: recognized(m − 1) by the terms as they stand (accounting.md §5): of the layers made before, those in force on the
-- day before the modification takes effect; of these and the later ones, those still open are what is contracted. A
-- concession and a write-off ask the same, and take nothing.

with changes as (

    select *
    from {{ ref('modified_lines') }}
    where change in ('pool', 'catch_up', 'cancel', 'concession', 'estimate', 'write_off') and of_term is null

),

layers as (

    select * from {{ ref('layers') }}

),

taken as (

    select
        changes.accounting_contract_id,
        changes.modification_number,
        changes.contract_line_id,
        {{ add_days('changes.effective_date', '-1') }} as at_date,
        layers.modification_number as made_in,
        layers.layer,
        layers.from_date,
        coalesce(layers.ended_in, changes.modification_number) >= changes.modification_number as is_open
    from changes
    inner join layers
        on changes.contract_line_id = layers.contract_line_id
        and changes.modification_number > layers.modification_number
        and (layers.layer = 'main' or changes.change != 'estimate')

),

-- an earlier modification from a day on or before it has put another layer in its place
replaced as (

    select distinct
        taken.modification_number,
        taken.contract_line_id,
        taken.made_in,
        taken.layer
    from taken
    inner join changes as earlier
        on taken.contract_line_id = earlier.contract_line_id
        and earlier.modification_number > taken.made_in
        and earlier.modification_number < taken.modification_number
        and earlier.from_date <= taken.at_date
        and earlier.change not in ('concession', 'write_off')
        and (taken.layer = 'main' or earlier.change != 'estimate')

)

select
    taken.accounting_contract_id,
    taken.modification_number,
    taken.contract_line_id,
    {{ read_on('lines', 'taken.at_date') }} as at_date,
    taken.made_in,
    taken.layer,
    taken.is_open,
    taken.from_date <= taken.at_date and replaced.contract_line_id is null as is_in_force
from taken
inner join {{ ref('line_allocations') }} as lines on taken.contract_line_id = lines.contract_line_id
left join replaced
    on taken.modification_number = replaced.modification_number
    and taken.contract_line_id = replaced.contract_line_id
    and taken.made_in = replaced.made_in
    and taken.layer = replaced.layer
where taken.is_open or (taken.from_date <= taken.at_date and replaced.contract_line_id is null)

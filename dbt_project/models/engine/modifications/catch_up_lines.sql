-- Grain: accounting contract × modification_number × contract line of an allocation that a catch-up runs again.
-- Why: the allocation of every line that a catch-up touches is run again as from its start (accounting.md §5): with the
-- SSPs that it was first shared by, at the new quantity and, where they are per month, the new term. A line that the same
-- modification takes into a pool has left it.

{% set priced_by_month -%}
joined_ssp_per = 'month' and ssp_source != 'residual' and joined_ssp_unit != 0 and joined_quantity_millionths is not null
{%- endset %}

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

members as (

    select * from {{ ref('pool_members') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

),

held_by as (

    select * from {{ ref('allocations_held') }}

),

group_allocations as (

    select * from {{ ref('group_allocations') }}

),

caught_up_rows as (

    select
        treated.*,
        coalesce(held_by.allocation, group_allocations.allocation, 'group:' || treated.allocation_group) as allocation
    from treated
    left join held_by
        on treated.contract_line_id = held_by.contract_line_id and treated.modification_number = held_by.modification_number
    left join group_allocations
        on treated.accounting_contract_id = group_allocations.accounting_contract_id
        and treated.modification_number = group_allocations.modification_number
        and treated.allocation_group = group_allocations.allocation_group
    where treated.applied = 'cumulative_catch_up'

),

run_again as (

    select distinct accounting_contract_id, modification_number, allocation from caught_up_rows

),

caught_up as (

    select lines.*, held_by.allocation, held_by.joined_by
    from treated as lines
    inner join held_by
        on lines.contract_line_id = held_by.contract_line_id and lines.modification_number = held_by.modification_number
    inner join run_again
        on held_by.accounting_contract_id = run_again.accounting_contract_id
        and held_by.modification_number = run_again.modification_number
        and held_by.allocation = run_again.allocation
    left join members
        on lines.contract_line_id = members.contract_line_id and lines.modification_number = members.modification_number
    where not lines.is_discount and members.contract_line_id is null

),

-- the SSPs that its allocation was first shared by, at the new quantity and, where they are per month, the new term
terms_again as (

    select
        caught_up.*,
        case
            when caught_up.joined_by = 0 or members.contract_line_id is null then caught_up.start_date
            else greatest(joined.effective_date, caught_up.start_date)
        end as again_from,
        case
            when caught_up.joined_by = 0 then caught_up.first_start_date
            when members.contract_line_id is null then joined.start_date
            else members.remaining_from
        end as joined_from,
        coalesce(joined.end_date, caught_up.first_end_date) as joined_end,
        coalesce(members.basis_minor, caught_up.first_ssp_minor, 0) as joined_basis_minor,
        -- by what the line was weighed in a pool is known only there
        members.modification_number as shared_in,
        case when caught_up.joined_by = 0 then caught_up.first_quantity_millionths else joined.quantity_millionths end
            as joined_quantity_millionths,
        case when caught_up.joined_by = 0 then caught_up.first_ssp_unit else joined.ssp_unit end as joined_ssp_unit,
        case when caught_up.joined_by = 0 then caught_up.first_ssp_per else joined.ssp_per end as joined_ssp_per,
        joined.rate_numerator as joined_rate_numerator,
        joined.rate_denominator as joined_rate_denominator
    from caught_up
    left join lines as joined
        on caught_up.contract_line_id = joined.contract_line_id and caught_up.joined_by = joined.modification_number
    left join members
        on caught_up.contract_line_id = members.contract_line_id and caught_up.joined_by = members.modification_number

),

-- months of a price per month, each term as the round that gave it finds the line
monthly_terms as (

    select
        contract_line_id, modification_number as found_in, 'again' as term, 'monthly' as convention,
        modification_number, again_from as service_start, end_date as service_end
    from terms_again
    where recognition_method = 'ratable' and again_from <= end_date and {{ priced_by_month }}

    union all

    select
        contract_line_id, modification_number as found_in, 'joined' as term, 'monthly' as convention,
        joined_by as modification_number, joined_from as service_start, joined_end as service_end
    from terms_again
    where joined_from <= joined_end and {{ priced_by_month }}

),

stretches_again as (

    {{ stretches_of('monthly_terms', ['found_in', 'term', 'convention']) }}

),

months_again as (

    {{ weight_of_stretches('stretches_again', ['contract_line_id', 'found_in', 'term']) }}

),

weighed_again as (

    select
        terms_again.*,
        case when joined.total_weight is not null then again.total_weight * joined.weight_unit else 1 end as term_numerator,
        case when joined.total_weight is not null then again.weight_unit * joined.total_weight else 1 end as term_denominator,
        coalesce(joined.total_weight, 1) as months_numerator,
        coalesce(joined.weight_unit, 1) as months_denominator
    from terms_again
    left join months_again as again
        on terms_again.contract_line_id = again.contract_line_id
        and terms_again.modification_number = again.found_in
        and again.term = 'again'
    left join months_again as joined
        on terms_again.contract_line_id = joined.contract_line_id
        and terms_again.modification_number = joined.found_in
        and joined.term = 'joined'

),

-- a line that a catch-up added brought its price of that day, unless its amendment gave one
joined_at as (

    select
        weighed_again.*,
        case
            when joined_by > 0 and shared_in is null and not is_separate
                and joined_ssp_unit is not null and ssp_source not in ('residual', 'discount')
                and (joined_ssp_unit = 0 or joined_quantity_millionths is not null)
                then {{ times_quantity('joined_ssp_unit', 'coalesce(joined_quantity_millionths, 0)', 'joined_rate') }}
            else joined_basis_minor
        end as basis_then_minor
    from weighed_again

),

-- to the new quantity and, where they are per month, the new term
scaled as (

    select
        joined_at.*,
        cast(case
            when coalesce(joined_quantity_millionths, 0) != 0 then coalesce(quantity_millionths, joined_quantity_millionths)
            else 1
        end as {{ wide_integer() }})
        * case when recognition_method = 'ratable' then coalesce(term_numerator, 0) else 1 end as part_numerator,
        cast(case when coalesce(joined_quantity_millionths, 0) != 0 then joined_quantity_millionths else 1 end as {{ wide_integer() }})
        * case when recognition_method = 'ratable' then coalesce(term_denominator, 1) else 1 end as part_denominator
    from joined_at

)

select
    scaled.*,
    basis_then_minor as basis_minor,
    first_amount_minor as stated_basis_minor
from scaled

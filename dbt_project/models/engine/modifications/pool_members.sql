-- Grain: accounting contract × modification_number × contract line in the pool of a prospective modification.
-- Why: the pool is the unrecognized remainder of all lines not fully satisfied of every group the modification touches
-- (accounting.md §5): who is in it, with what remaining stand-alone selling price = price valid then × remaining
-- quantity or remaining fraction of the term, rounded once. A commitment can be used until its term ends: what is left of
-- it is a matter of money, as all of the pool's is (layer_amounts), and its price here is of the whole of it.

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

-- of a suspended line: the stretch of service that it is in, or comes to next
first_served as (

    select lines.contract_line_id, lines.modification_number, min(served.served_from) as served_from
    from lines
    inner join {{ ref('service_stretches') }} as served
        on lines.contract_line_id = served.contract_line_id
        and lines.modification_number = served.modification_number
        and greatest(lines.effective_date, lines.start_date) <= served.served_until
    group by lines.contract_line_id, lines.modification_number

),

touched_groups as (

    select distinct accounting_contract_id, modification_number, allocation_group
    from lines
    where is_touched and treatment = 'prospective'

),

candidates as (

    select
        lines.*,
        greatest(lines.effective_date, lines.start_date, first_served.served_from) as remaining_from
    from lines
    left join first_served
        on lines.contract_line_id = first_served.contract_line_id
        and lines.modification_number = first_served.modification_number
    inner join touched_groups
        on lines.accounting_contract_id = touched_groups.accounting_contract_id
        and lines.modification_number = touched_groups.modification_number
        and lines.allocation_group = touched_groups.allocation_group
    where not lines.is_discount and not lines.is_cancelled
        and (
            lines.recognition_method in ('ratable', 'point_in_time', 'on_start', 'milestone', 'drawdown')
            or lines.recognition_method = 'percent_complete' and lines.is_stated_prospective
        )

),

unfinished as (

    -- what is left of progress and its whole; a percentage is mostly short, and 12 decimals make products too long
    select
        candidates.*,
        case
            when progress_before = 0 then 1
            when recognition_method = 'percent_complete' and progress_before % 100000000 = 0
                then {{ without_eight_digits('(whole - progress_before)') }}
            else whole - progress_before
        end as left_part,
        case
            when progress_before = 0 then 1
            when recognition_method = 'percent_complete' and progress_before % 100000000 = 0
                then {{ without_eight_digits('whole') }}
            else whole
        end as whole_part
    from candidates
    where case recognition_method
        when 'ratable' then end_date >= remaining_from
        when 'on_start' then start_date >= effective_date
        when 'drawdown' then end_date >= effective_date and stays > 0
        else {{ whole_that_stays('whole', 'stays', 'scale') }} > progress_before
    end

),

-- an added line of which nothing was left when its amendment took effect: its money went to the others of that pool
left_out as (

    select candidates.contract_line_id
    from candidates
    inner join unfinished
        on candidates.accounting_contract_id = unfinished.accounting_contract_id
        and candidates.modification_number = unfinished.modification_number
    where candidates.is_added
    group by candidates.contract_line_id
    having max(case when candidates.contract_line_id = unfinished.contract_line_id then 1 else 0 end) = 0

),

members as (

    select unfinished.*
    from unfinished
    left join left_out on unfinished.contract_line_id = left_out.contract_line_id
    where left_out.contract_line_id is null

),

terms_to_weigh as (

    select contract_line_id, modification_number, 'remaining' as term, recognition_convention as convention,
        remaining_from as service_start, end_date as service_end
    from members
    where recognition_method = 'ratable'

    union all

    -- months of a price per month: of what is left of a ratable line, else of the term that its price is for
    select contract_line_id, modification_number, 'months' as term, 'monthly' as convention,
        case when recognition_method = 'ratable' then remaining_from else first_start_date end as service_start,
        case when recognition_method = 'ratable' then end_date else first_end_date end as service_end
    from members
    where ssp_per = 'month'
        and (recognition_method = 'ratable' or first_start_date <= first_end_date)

),

stretches_to_weigh as (

    {{ stretches_of('terms_to_weigh', ['term', 'convention']) }}

    union all

    select contract_line_id, modification_number, 'first' as term, recognition_convention as convention, 1 as stretch_number,
        first_start_date as service_start, first_end_date as service_end
    from members
    where recognition_method = 'ratable'

),

weighed as (

    {{ weight_of_stretches('stretches_to_weigh', ['contract_line_id', 'modification_number', 'term']) }}

),

scaled as (

    -- what is left of the line, as a fraction of its first term, or as what is left of its units
    select
        members.*,
        case
            when recognition_method = 'ratable' and ssp_per = 'month' then months.total_weight
            when recognition_method = 'ratable' then remaining.total_weight * first_term.weight_unit
            when recognition_method in ('milestone', 'percent_complete')
                then left_part * coalesce(months.total_weight, 1)
            else coalesce(months.total_weight, 1)
        end as months_numerator,
        case
            when recognition_method = 'ratable' and ssp_per = 'month' then months.weight_unit
            when recognition_method = 'ratable' then remaining.weight_unit * first_term.total_weight
            when recognition_method in ('milestone', 'percent_complete') then whole_part * coalesce(months.weight_unit, 1)
            when recognition_method = 'point_in_time' then scale * coalesce(months.weight_unit, 1)
            else coalesce(months.weight_unit, 1)
        end as months_denominator,
        remaining.total_weight * first_term.weight_unit as term_numerator,
        remaining.weight_unit * first_term.total_weight as term_denominator,
        -- of goods times scale, like their progress
        case when recognition_method = 'point_in_time' then whole - progress_before else quantity_millionths end
            as remaining_millionths
    from members
    left join weighed as remaining
        on members.contract_line_id = remaining.contract_line_id
        and members.modification_number = remaining.modification_number
        and remaining.term = 'remaining'
    left join weighed as months
        on members.contract_line_id = months.contract_line_id
        and members.modification_number = months.modification_number
        and months.term = 'months'
    left join weighed as first_term
        on members.contract_line_id = first_term.contract_line_id
        and members.modification_number = first_term.modification_number
        and first_term.term = 'first'

),

parts as (

    -- an amount as first signed × quantity remaining ÷ first quantity × fraction of the term remaining
    select
        scaled.*,
        case
            when first_quantity_millionths is null then cast(1 as {{ wide_integer() }})
            else cast(remaining_millionths as {{ wide_integer() }})
        end * case recognition_method
            when 'ratable' then term_numerator
            when 'milestone' then left_part
            when 'percent_complete' then left_part
            else 1
        end as part_numerator,
        coalesce(cast(first_quantity_millionths as {{ wide_integer() }}), 1) * case recognition_method
            when 'ratable' then term_denominator
            when 'milestone' then whole_part
            when 'percent_complete' then whole_part
            when 'point_in_time' then scale
            else 1
        end as part_denominator
    from scaled

),

priced as (

    select
        parts.*,
        case
            when ssp_source = 'residual' then {{ prorate('first_ssp_minor', 'part_numerator', 'part_denominator') }}
            when ssp_unit = 0 then cast(0 as bigint)
            when ssp_unit is not null and quantity_millionths is not null
                then {{ times_quantity_in_part('ssp_unit', 'remaining_millionths') }}
            else {{ prorate('first_amount_minor', 'part_numerator', 'part_denominator') }}
        end as ssp_basis_minor,
        {{ prorate('first_amount_minor', 'part_numerator', 'part_denominator') }} as stated_basis_minor
    from parts

),

final as (

    select
        accounting_contract_id,
        modification_number,
        contract_line_id,
        line_place,
        remaining_from,
        cast(ssp_basis_minor as bigint) as basis_minor,
        cast(stated_basis_minor as bigint) as stated_basis_minor
    from priced

)

select * from final

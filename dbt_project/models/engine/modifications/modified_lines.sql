-- Grain: accounting contract × round_number × contract line × layer of it that a modification makes, or takes money from.
-- Why: what each modification does, without its money (accounting.md §5):
--   pool       a line of the pool starts a new layer with what it has earned and its part of the remainder
--   catch_up   the allocation that a touched line is in is run again, as from its start
--   separate   an added line, or an added term of a line, stands alone with its own price
--   cancel     the line is brought to its final amount
--   money      the line itself is not in the pool; its amendment's money is
-- allocation names what shares one price; basis_minor are its weights. spread_from..spread_to is the term of a ratable
-- layer, progress_from..whole the stretch of progress of the others. from_date is the day from which the layer holds as
-- the terms stand: what a later modification with an earlier date finds.

with lines as (

    select * from {{ ref('lines_in_rounds') }}

),

members as (

    select * from {{ ref('pool_members') }}

),

pools as (

    select distinct accounting_contract_id, round_number from members

),

-- nothing unfinished in the pool: a catch-up
treated as (

    select
        lines.*,
        case
            when lines.treatment = 'prospective' and pools.round_number is null then 'cumulative_catch_up'
            else lines.treatment
        end as applied
    from lines
    left join pools
        on lines.accounting_contract_id = pools.accounting_contract_id and lines.round_number = pools.round_number

),

-- the allocation that holds a line from a round on: its group's at signing (round 0), later a pool's, or its own
joined_first as (

    select contract_line_id, 0 as joined_round, 'group:' || allocation_group as allocation
    from {{ ref('line_allocations') }}
    where amendment_id is null and not is_discount and not is_unpriced

    union all

    select contract_line_id, round_number as joined_round, 'pool:' || round_number as allocation
    from members

    union all

    select contract_line_id, round_number as joined_round, allocation_group as allocation
    from treated
    where is_added and is_separate

    union all

    -- added where nothing of its group is left to share with
    select contract_line_id, round_number as joined_round, 'alone:' || round_number || ':' || contract_line_id as allocation
    from treated
    where is_added and treatment = 'prospective' and applied = 'cumulative_catch_up'

),

held_first as (

    select accounting_contract_id, round_number, contract_line_id, allocation_group, allocation, joined_round
    from (
        select
            lines.accounting_contract_id,
            lines.round_number,
            lines.contract_line_id,
            lines.allocation_group,
            joined_first.allocation,
            joined_first.joined_round,
            row_number() over (
                partition by lines.contract_line_id, lines.round_number order by joined_first.joined_round desc
            ) as recency
        from lines
        inner join joined_first
            on lines.contract_line_id = joined_first.contract_line_id and joined_first.joined_round < lines.round_number
        where not lines.is_final
    ) as earlier
    where recency = 1

),

-- a line that a catch-up adds, or a discount, joins the allocation of its group that was made or run last
runs as (

    select held_first.accounting_contract_id, held_first.allocation_group, held_first.allocation, treated.round_number
    from treated
    inner join held_first
        on treated.contract_line_id = held_first.contract_line_id and treated.round_number = held_first.round_number
    where treated.applied = 'cumulative_catch_up'

    union

    select accounting_contract_id, allocation_group, allocation, joined_round as round_number
    from held_first

),

group_allocations as (

    select accounting_contract_id, round_number, allocation_group, allocation
    from (
        select
            joining.accounting_contract_id,
            joining.round_number,
            joining.allocation_group,
            runs.allocation,
            row_number() over (
                partition by joining.accounting_contract_id, joining.round_number, joining.allocation_group
                order by runs.round_number desc, runs.allocation desc
            ) as recency
        from (
            select distinct accounting_contract_id, round_number, allocation_group
            from treated
            where applied = 'cumulative_catch_up'
        ) as joining
        inner join held_first as present
            on joining.accounting_contract_id = present.accounting_contract_id
            and joining.round_number = present.round_number
            and joining.allocation_group = present.allocation_group
        inner join runs
            on present.accounting_contract_id = runs.accounting_contract_id
            and present.allocation_group = runs.allocation_group
            and present.allocation = runs.allocation
            and runs.round_number < joining.round_number
    ) as ranked
    where recency = 1

),

allocations as (

    select * from joined_first

    union all

    select
        treated.contract_line_id,
        treated.round_number as joined_round,
        coalesce(group_allocations.allocation, 'group:' || treated.allocation_group) as allocation
    from treated
    left join group_allocations
        on treated.accounting_contract_id = group_allocations.accounting_contract_id
        and treated.round_number = group_allocations.round_number
        and treated.allocation_group = group_allocations.allocation_group
    where treated.is_added and treated.treatment = 'cumulative_catch_up'

),

held_by as (

    select accounting_contract_id, round_number, contract_line_id, allocation, joined_round
    from (
        select
            lines.accounting_contract_id,
            lines.round_number,
            lines.contract_line_id,
            allocations.allocation,
            allocations.joined_round,
            row_number() over (
                partition by lines.contract_line_id, lines.round_number order by allocations.joined_round desc
            ) as recency
        from lines
        inner join allocations
            on lines.contract_line_id = allocations.contract_line_id
            and (
                allocations.joined_round < lines.round_number
                or allocations.joined_round = lines.round_number and lines.is_added
            )
        where not lines.is_final
    ) as earlier
    where recency = 1

),

caught_up_rows as (

    select
        treated.*,
        coalesce(held_by.allocation, group_allocations.allocation, 'group:' || treated.allocation_group) as allocation
    from treated
    left join held_by
        on treated.contract_line_id = held_by.contract_line_id and treated.round_number = held_by.round_number
    left join group_allocations
        on treated.accounting_contract_id = group_allocations.accounting_contract_id
        and treated.round_number = group_allocations.round_number
        and treated.allocation_group = group_allocations.allocation_group
    where treated.applied = 'cumulative_catch_up'

),

run_again as (

    select distinct accounting_contract_id, round_number, allocation from caught_up_rows

),

caught_up as (

    select lines.*, held_by.allocation, held_by.joined_round
    from treated as lines
    inner join held_by
        on lines.contract_line_id = held_by.contract_line_id and lines.round_number = held_by.round_number
    inner join run_again
        on held_by.accounting_contract_id = run_again.accounting_contract_id
        and held_by.round_number = run_again.round_number
        and held_by.allocation = run_again.allocation
    where not lines.is_discount

),

-- the SSPs that its allocation was first shared by, at the new quantity and, where they are per month, the new term
terms_again as (

    select
        caught_up.*,
        case
            when caught_up.joined_round = 0 or members.contract_line_id is null then caught_up.start_date
            else greatest(joined.effective_date, caught_up.start_date)
        end as again_from,
        case
            when caught_up.joined_round = 0 then caught_up.first_start_date
            when members.contract_line_id is null then joined.start_date
            else members.remaining_from
        end as joined_from,
        coalesce(joined.end_date, caught_up.first_end_date) as joined_end,
        coalesce(members.basis_minor, caught_up.first_ssp_minor, 0) as joined_basis_minor,
        case when caught_up.joined_round = 0 then caught_up.first_quantity_millionths else joined.quantity_millionths end
            as joined_quantity_millionths,
        case when caught_up.joined_round = 0 then caught_up.first_ssp_unit else joined.ssp_unit end as joined_ssp_unit,
        case when caught_up.joined_round = 0 then caught_up.first_ssp_per else joined.ssp_per end as joined_ssp_per
    from caught_up
    left join lines as joined
        on caught_up.contract_line_id = joined.contract_line_id and caught_up.joined_round = joined.round_number
    left join members
        on caught_up.contract_line_id = members.contract_line_id and caught_up.joined_round = members.round_number

),

monthly_terms as (

    select
        contract_line_id,
        round_number,
        joined_round,
        recognition_method = 'ratable' as is_ratable,
        again_from,
        end_date,
        joined_from,
        joined_end
    from terms_again
    where joined_ssp_per = 'month' and ssp_source != 'residual' and joined_ssp_unit != 0
        and joined_quantity_millionths is not null

),

months_again as (

    select contract_line_id, round_number, term, total_weight, weight_unit
    from (
        {{ ratable_shape(
            "(select contract_line_id, round_number, 'again' as term, again_from as service_start, end_date as service_end, 'monthly' as convention from monthly_terms where is_ratable and again_from <= end_date union all select contract_line_id, round_number, 'joined' as term, joined_from as service_start, joined_end as service_end, 'monthly' as convention from monthly_terms where joined_from <= joined_end)"
        ) }}
    ) as shaped

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
        and terms_again.round_number = again.round_number
        and again.term = 'again'
    left join months_again as joined
        on terms_again.contract_line_id = joined.contract_line_id
        and terms_again.round_number = joined.round_number
        and joined.term = 'joined'

),

-- a line that a catch-up added brought its price of that day, unless its amendment gave one
joined_at as (

    select
        weighed_again.*,
        case
            when is_added_later and joined_ssp_unit is not null and ssp_source not in ('residual', 'discount')
                and (joined_ssp_unit = 0 or joined_quantity_millionths is not null)
                then {{ times_quantity('joined_ssp_unit', 'coalesce(joined_quantity_millionths, 0)') }}
            else joined_basis_minor
        end as basis_then_minor
    from (
        select
            weighed_again.*,
            weighed_again.joined_round > 0 and members.contract_line_id is null and not weighed_again.is_separate as is_added_later
        from weighed_again
        left join members
            on weighed_again.contract_line_id = members.contract_line_id
            and weighed_again.joined_round = members.round_number
    ) as weighed_again

),

priced_again as (

    select
        joined_at.*,
        {{ prorate(
            'basis_then_minor',
            '(cast(case when coalesce(joined_quantity_millionths, 0) != 0 then coalesce(quantity_millionths, joined_quantity_millionths) else 1 end as ' ~ wide_integer() ~ ') * case when recognition_method = \'ratable\' then coalesce(term_numerator, 0) else 1 end)',
            '(cast(case when coalesce(joined_quantity_millionths, 0) != 0 then joined_quantity_millionths else 1 end as ' ~ wide_integer() ~ ') * case when recognition_method = \'ratable\' then coalesce(term_denominator, 1) else 1 end)'
        ) }} as ssp_basis_minor
    from joined_at

),

based_again as (

    select
        priced_again.*,
        case
            when sum(ssp_basis_minor) over run != 0 then ssp_basis_minor
            when sum(first_amount_minor) over run != 0 then first_amount_minor
            when row_number() over (partition by accounting_contract_id, round_number, allocation order by line_place) = 1
                then 1
            else 0
        end as basis_minor
    from priced_again
    window run as (partition by accounting_contract_id, round_number, allocation)

),

combined as (

    select
        lines.accounting_contract_id, lines.round_number, lines.contract_line_id, 'pool' as change, 'main' as layer,
        'pool:' || lines.round_number as allocation, lines.line_place, members.basis_minor,
        case when lines.applied = 'prospective' then lines.amount_delta_minor else 0 end as amount_delta_minor,
        lines.known_from, lines.effective_date as from_date, lines.effective_date, lines.recognition_method,
        lines.recognition_convention, members.remaining_from as spread_from, lines.end_date as spread_to,
        lines.progress_before as progress_from, lines.whole, lines.is_touched
    from treated as lines
    inner join members on lines.contract_line_id = members.contract_line_id and lines.round_number = members.round_number

    union all

    select
        lines.accounting_contract_id, lines.round_number, lines.contract_line_id, 'money' as change, 'main' as layer,
        'pool:' || lines.round_number as allocation, lines.line_place, 0 as basis_minor, lines.amount_delta_minor,
        lines.known_from, lines.effective_date as from_date, lines.effective_date, lines.recognition_method,
        lines.recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, lines.whole,
        lines.is_touched
    from treated as lines
    left join members on lines.contract_line_id = members.contract_line_id and lines.round_number = members.round_number
    where lines.applied = 'prospective' and members.contract_line_id is null

    union all

    select
        accounting_contract_id, round_number, contract_line_id, 'catch_up' as change, 'main' as layer, allocation, line_place,
        basis_minor, case when applied = 'cumulative_catch_up' then amount_delta_minor else 0 end as amount_delta_minor,
        known_from, effective_date as from_date, effective_date, recognition_method, recognition_convention,
        again_from as spread_from, end_date as spread_to, null as progress_from, whole, is_touched
    from based_again

    union all

    -- a discount that a catch-up touches
    select
        rows_out.accounting_contract_id, rows_out.round_number, rows_out.contract_line_id, 'money' as change, 'main' as layer,
        rows_out.allocation, rows_out.line_place, 0 as basis_minor, rows_out.amount_delta_minor, rows_out.known_from,
        rows_out.effective_date as from_date, rows_out.effective_date, rows_out.recognition_method,
        rows_out.recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, rows_out.whole,
        rows_out.is_touched
    from caught_up_rows as rows_out
    where rows_out.is_discount

    union all

    select
        accounting_contract_id, round_number, contract_line_id, 'separate' as change,
        case when is_added then 'main' else 'term' end as layer,
        case when is_added then allocation_group else 'term:' || round_number || ':' || contract_line_id end as allocation,
        line_place,
        case
            when not is_added then 1
            when sum(case when is_discount then 0 else coalesce(first_ssp_minor, 0) end) over separate_allocation != 0
                then case when is_discount then 0 else coalesce(first_ssp_minor, 0) end
            when is_discount then 0
            else first_amount_minor
        end as basis_minor,
        amount_delta_minor, known_from,
        case when is_added then effective_date else greatest({{ add_days('end_before', 1) }}, effective_date) end as from_date,
        effective_date, recognition_method, recognition_convention,
        case when is_added then start_date else greatest({{ add_days('end_before', 1) }}, effective_date) end as spread_from,
        end_date as spread_to, 0 as progress_from, whole, is_touched
    from treated
    where applied = 'separate'
    window separate_allocation as (partition by accounting_contract_id, round_number, is_added, allocation_group)

    union all

    select
        accounting_contract_id, round_number, contract_line_id, 'cancel' as change, 'main' as layer,
        'cancel:' || round_number || ':' || contract_line_id as allocation, line_place, 1 as basis_minor,
        0 as amount_delta_minor, known_from, effective_date as from_date, effective_date, recognition_method,
        recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, whole, is_touched
    from treated
    where is_cancelled_now

),

-- money of amendments that a cancellation came before: it takes that back too
pending as (

    select contract_line_id, cast(sum(amount_delta_minor) as bigint) as pending_minor
    from lines
    where is_void
    group by contract_line_id

),

-- what was used beyond its amount is contracted and earned beside the line's layers
used as (

    select
        combined.contract_line_id,
        cast(sum(case when greatest(usage.event_date, lines.signed_date) < cancellations.contracted_date then usage.amount_minor else 0 end)
            as bigint) as contracted_minor,
        cast(sum(case when usage.event_date < combined.effective_date then usage.amount_minor else 0 end) as bigint)
            as earned_minor
    from combined
    inner join {{ ref('usage_amounts') }} as usage on combined.contract_line_id = usage.contract_line_id
    inner join {{ ref('line_allocations') }} as lines on combined.contract_line_id = lines.contract_line_id
    inner join {{ ref('cancellations') }} as cancellations on combined.contract_line_id = cancellations.contract_line_id
    where combined.change = 'cancel'
    group by combined.contract_line_id

),

final as (

    select
        accounting_contract_id,
        round_number,
        combined.contract_line_id,
        change,
        layer,
        allocation,
        line_place,
        cast(basis_minor as bigint) as basis_minor,
        cast(amount_delta_minor as bigint) as amount_delta_minor,
        known_from,
        from_date,
        effective_date,
        recognition_method,
        recognition_convention,
        cast(spread_from as date) as spread_from,
        cast(spread_to as date) as spread_to,
        cast(progress_from as bigint) as progress_from,
        whole,
        is_touched,
        coalesce(case when change = 'cancel' then used.contracted_minor end, 0)
        + coalesce(case when change = 'cancel' then pending.pending_minor end, 0) as beside_contracted_minor,
        coalesce(case when change = 'cancel' then used.earned_minor end, 0) as beside_earned_minor
    from combined
    left join used on combined.contract_line_id = used.contract_line_id
    left join pending on combined.contract_line_id = pending.contract_line_id

)

select * from final

-- Grain: accounting contract × round_number × contract line × layer of it that a modification makes, or takes money from.
-- Why: what each modification does, without its money (accounting.md §5):
--   pool       a line of the pool starts a new layer with what it has earned and its part of the remainder
--   catch_up   the allocation that a touched line is in is run again, as from its start
--   separate   an added line, or an added term of a line, stands alone with its own price
--   cancel     the line is brought to its final amount
--   money      the line itself is not in the pool; its amendment's money is
--   estimate   the allocation that first held the line shares its new price: of a line still in it the layer grows
--   share      of a line pooled since, the change goes to the price of the allocation it is in now (moved_to), in a
--              later step
--   concession the price falls by a layer of its own; without a line over the contract's lines, by what is contracted, of a
--              refund by what its invoice names
-- allocation names what shares one price; basis_minor are its weights. spread_from..spread_to is the term of a ratable
-- layer, progress_from..whole the stretch of progress of the others. from_date is the day from which the layer holds as
-- the terms stand: what a later modification with an earlier date finds. step: a modification of several allocations
-- goes from one to the next.

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

-- estimates: the allocation that first held the line, then those that its other lines are in by now
first_held as (

    select contract_line_id, allocation, joined_round
    from (
        select
            allocations.*,
            row_number() over (partition by contract_line_id order by joined_round) as place
        from allocations
    ) as ordered
    where place = 1

),

estimated as (

    select
        modifications.accounting_contract_id,
        modifications.round_number,
        estimates.change_minor,
        coalesce(first_held.allocation, 'group:' || estimates.allocation_group) as allocation,
        coalesce(first_held.joined_round, 0) as joined_round
    from {{ ref('modifications') }} as modifications
    inner join {{ ref('estimate_changes') }} as estimates
        on modifications.kind = 'estimate'
        and modifications.first_id = estimates.estimate_id
        and modifications.contract_id = estimates.contract_id
    left join first_held on estimates.contract_line_id = first_held.contract_line_id

),

allocations_reached as (

    select
        accounting_contract_id,
        round_number,
        allocation,
        change_minor,
        cast(row_number() over (
            partition by accounting_contract_id, round_number order by is_first desc, joined_round, allocation
        ) as integer) as step
    from (
        select accounting_contract_id, round_number, allocation, change_minor, joined_round, 1 as is_first
        from estimated
        union all
        select distinct
            estimated.accounting_contract_id,
            estimated.round_number,
            held_by.allocation,
            0 as change_minor,
            held_by.joined_round,
            0 as is_first
        from estimated
        inner join held_by
            on estimated.accounting_contract_id = held_by.accounting_contract_id
            and estimated.round_number = held_by.round_number
            and estimated.joined_round < held_by.joined_round
    ) as reached

),

-- the day from which the layer holds that it finds
begun as (

    select contract_line_id, round_number, from_date
    from (
        select
            lines.contract_line_id,
            lines.round_number,
            made.effective_date as from_date,
            row_number() over (
                partition by lines.contract_line_id, lines.round_number order by made.round_number desc
            ) as recency
        from lines
        inner join (
            select contract_line_id, round_number, effective_date from based_again
            union all
            select members.contract_line_id, members.round_number, lines.effective_date
            from members
            inner join lines
                on members.contract_line_id = lines.contract_line_id and members.round_number = lines.round_number
            union all
            select contract_line_id, round_number, effective_date from treated where is_added and is_separate
        ) as made
            on lines.contract_line_id = made.contract_line_id and made.round_number < lines.round_number
        where lines.kind = 'estimate'
    ) as earlier
    where recency = 1

),

estimate_lines as (

    select
        reached.accounting_contract_id,
        reached.round_number,
        reached.step,
        reached.allocation,
        reached.change_minor,
        held_by.allocation as moved_to,
        coalesce(begun.from_date, {{ first_day() }}) as from_date,
        lines.contract_line_id,
        lines.line_place,
        lines.known_from,
        lines.effective_date,
        lines.recognition_method,
        lines.recognition_convention,
        lines.whole,
        row_number() over (
            partition by reached.accounting_contract_id, reached.round_number, reached.step order by lines.line_place
        ) as member_place
    from allocations_reached as reached
    inner join lines
        on reached.accounting_contract_id = lines.accounting_contract_id
        and reached.round_number = lines.round_number
    inner join allocations as members
        on lines.contract_line_id = members.contract_line_id
        and reached.allocation = members.allocation
        and members.joined_round < reached.round_number
    inner join held_by
        on lines.contract_line_id = held_by.contract_line_id and lines.round_number = held_by.round_number
    left join begun
        on lines.contract_line_id = begun.contract_line_id and lines.round_number = begun.round_number

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

    union all

    select
        lines.accounting_contract_id, lines.round_number, lines.contract_line_id, 'concession' as change,
        'concession' as layer, 'concession:' || lines.round_number as allocation, lines.line_place,
        coalesce(refunded.invoiced_minor, 0) as basis_minor,
        case
            when row_number() over (
                partition by lines.accounting_contract_id, lines.round_number order by lines.line_place
            ) = 1 then -concessions.credit_minor
            else 0
        end as amount_delta_minor,
        lines.known_from, lines.known_from as from_date, lines.effective_date,
        case when cancelled.effective_date <= lines.known_from then 'cancelled' else lines.recognition_method end
            as recognition_method,
        lines.recognition_convention, null as spread_from, null as spread_to, lines.progress_before as progress_from,
        case
            when lines.recognition_method = 'point_in_time' then {{ whole_that_stays('lines.whole', 'lines.stays', 'lines.scale') }}
            else lines.whole
        end as whole, true as is_touched
    from treated as lines
    left join {{ ref('cancellations') }} as cancelled on lines.contract_line_id = cancelled.contract_line_id
    inner join {{ ref('concessions') }} as concessions
        on lines.kind = 'concession'
        and lines.first_id = concessions.event_id
        and lines.contract_id = concessions.contract_id
        and lines.contract_line_id = coalesce(concessions.contract_line_id, lines.contract_line_id)
    left join {{ ref('refund_lines') }} as refunded
        on concessions.event_id = 'payment:' || refunded.payment_id
        and lines.contract_line_id = refunded.contract_line_id
    where lines.recognition_method is distinct from 'as_invoiced' and not lines.is_discount

    union all

    select
        accounting_contract_id, round_number, contract_line_id,
        case when moved_to = allocation then 'estimate' else 'share' end as change,
        case when moved_to = allocation then 'main' else 'share:' || allocation end as layer,
        allocation, line_place, 0 as basis_minor, case when member_place = 1 then change_minor else 0 end as amount_delta_minor,
        known_from, from_date, effective_date, recognition_method, recognition_convention,
        null as spread_from, null as spread_to, null as progress_from, whole, true as is_touched
    from estimate_lines

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
        combined.round_number,
        cast(sum(
            case
                when greatest(usage.event_date, lines.signed_date)
                    < case when combined.change = 'cancel' then cancellations.contracted_date else combined.known_from end
                    then usage.amount_minor
                else 0
            end
        ) as bigint) as contracted_minor,
        cast(sum(case when usage.event_date < combined.effective_date then usage.amount_minor else 0 end) as bigint)
            as earned_minor
    from combined
    inner join {{ ref('usage_amounts') }} as usage on combined.contract_line_id = usage.contract_line_id
    inner join {{ ref('line_allocations') }} as lines on combined.contract_line_id = lines.contract_line_id
    left join {{ ref('cancellations') }} as cancellations on combined.contract_line_id = cancellations.contract_line_id
    where combined.change = 'cancel'
        or combined.change = 'concession' and combined.recognition_method != 'cancelled'
    group by combined.contract_line_id, combined.round_number

),

-- the round whose concession a void takes back
undone as (

    select voids.accounting_contract_id, voids.round_number, issued.round_number as undoes_round
    from {{ ref('modifications') }} as voids
    inner join {{ ref('modifications') }} as issued
        on voids.accounting_contract_id = issued.accounting_contract_id
        and voids.kind = 'concession'
        and issued.kind = 'concession'
        and voids.first_id = issued.first_id || ':void'

),

final as (

    select
        combined.accounting_contract_id,
        combined.round_number,
        combined.contract_line_id,
        combined.change,
        combined.layer,
        combined.allocation,
        combined.line_place,
        cast(combined.basis_minor as bigint) as basis_minor,
        cast(combined.amount_delta_minor as bigint) as amount_delta_minor,
        combined.known_from,
        combined.from_date,
        combined.effective_date,
        combined.recognition_method,
        combined.recognition_convention,
        cast(combined.spread_from as date) as spread_from,
        cast(combined.spread_to as date) as spread_to,
        cast(combined.progress_from as bigint) as progress_from,
        combined.whole,
        combined.is_touched,
        coalesce(used.contracted_minor, 0)
        + coalesce(case when combined.change = 'cancel' then pending.pending_minor end, 0) as beside_contracted_minor,
        coalesce(used.earned_minor, 0) as beside_earned_minor,
        coalesce(steps.step, 1) as step,
        steps.moved_to,
        concessions.applies_to as conceded_from,
        concessions.contract_line_id is null and combined.change = 'concession' as is_of_contract,
        coalesce(concessions.returned_before_minor, 0) as returned_before_minor,
        undone.undoes_round,
        coalesce(billed.billed_minor, 0) as billed_minor
    from combined
    left join used on combined.contract_line_id = used.contract_line_id and combined.round_number = used.round_number
    left join pending on combined.contract_line_id = pending.contract_line_id
    left join {{ ref('modifications') }} as modifications
        on combined.change = 'concession'
        and combined.accounting_contract_id = modifications.accounting_contract_id
        and combined.round_number = modifications.round_number
    left join estimate_lines as steps
        on combined.change in ('estimate', 'share')
        and combined.contract_line_id = steps.contract_line_id
        and combined.round_number = steps.round_number
        and combined.allocation = steps.allocation
    left join {{ ref('concessions') }} as concessions on modifications.first_id = concessions.event_id
    left join {{ ref('billed_at_credits') }} as billed
        on concessions.event_id = billed.event_id and combined.contract_line_id = billed.contract_line_id
    left join undone
        on combined.change = 'concession'
        and combined.accounting_contract_id = undone.accounting_contract_id
        and combined.round_number = undone.round_number

)

select * from final

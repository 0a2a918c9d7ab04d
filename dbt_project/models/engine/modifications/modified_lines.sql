-- Grain: accounting contract × modification_number × contract line × layer of it that a modification makes, or takes money from.
-- Why: what each modification does, without its money (accounting.md §5):
--   pool       a line of the pool starts a new layer with what it has earned and its part of the remainder
--   catch_up   the allocation that a touched line is in is run again, as from its start
--   separate   an added line, or an added term of a line, stands alone with its own price
--   cancel     the line is brought to its final amount
--   money      the line itself is not in the pool; its amendment's money is
--   estimate   the allocation that first held the line shares its new price: of a line still in it the layer grows
--   share      of a line pooled since, the change goes to the price of that pool (moved_to), in a
--              later step
--   concession the price falls by a layer of its own; without a line over the contract's lines, by what is contracted; of
--              a term that was added apart (of_term: in which round) by a layer that is earned as that term is
--   write_off  no terms change: what was never earned lowers what a later credit finds billed
-- allocation names what shares one price; basis_minor are the stand-alone selling prices that it is weighed by (of a
-- catch-up those of the pool shared_in, once known), stated_basis_minor the amounts where these are all 0.
-- spread_from..spread_to is the term of a ratable layer, progress_from..whole the stretch of progress of the others.
-- from_date is the day from which the layer holds as the terms stand: what a later modification with an earlier date
-- finds. step: a modification of several allocations goes from one to the next.

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

members as (

    select * from {{ ref('pool_members') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

),

based_again as (

    select * from {{ ref('catch_up_lines') }}

),

group_allocations as (

    select * from {{ ref('group_allocations') }}

),

estimate_lines as (

    select * from {{ ref('estimate_lines') }}

),

combined as (

    select
        lines.accounting_contract_id, lines.modification_number, lines.contract_line_id, 'pool' as change, 'main' as layer,
        'pool:' || lines.modification_number as allocation, lines.line_place, members.basis_minor,
        members.stated_basis_minor,
        case when lines.applied = 'prospective' then lines.amount_delta_minor else 0 end as amount_delta_minor,
        lines.known_from, lines.effective_date as from_date, lines.effective_date, lines.recognition_method,
        lines.recognition_convention, members.remaining_from as spread_from, lines.end_date as spread_to,
        lines.progress_before as progress_from, lines.whole, lines.is_touched
    from treated as lines
    inner join members on lines.contract_line_id = members.contract_line_id and lines.modification_number = members.modification_number

    union all

    select
        lines.accounting_contract_id, lines.modification_number, lines.contract_line_id, 'money' as change, 'main' as layer,
        'pool:' || lines.modification_number as allocation, lines.line_place, 0 as basis_minor, 0 as stated_basis_minor,
        lines.amount_delta_minor,
        lines.known_from, lines.effective_date as from_date, lines.effective_date, lines.recognition_method,
        lines.recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, lines.whole,
        lines.is_touched
    from treated as lines
    left join members on lines.contract_line_id = members.contract_line_id and lines.modification_number = members.modification_number
    where lines.applied = 'prospective' and members.contract_line_id is null

    union all

    select
        accounting_contract_id, modification_number, contract_line_id, 'catch_up' as change, 'main' as layer, allocation, line_place,
        basis_minor, stated_basis_minor, case when applied = 'cumulative_catch_up' then amount_delta_minor else 0 end as amount_delta_minor,
        known_from, effective_date as from_date, effective_date, recognition_method, recognition_convention,
        again_from as spread_from, end_date as spread_to, null as progress_from, whole, is_touched
    from based_again

    union all

    -- a discount that a catch-up touches
    select
        discounts.accounting_contract_id, discounts.modification_number, discounts.contract_line_id, 'money' as change,
        'main' as layer, coalesce(group_allocations.allocation, 'group:' || discounts.allocation_group) as allocation,
        discounts.line_place, 0 as basis_minor, 0 as stated_basis_minor, discounts.amount_delta_minor, discounts.known_from,
        discounts.effective_date as from_date, discounts.effective_date, discounts.recognition_method,
        discounts.recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, discounts.whole,
        discounts.is_touched
    from treated as discounts
    left join group_allocations
        on discounts.accounting_contract_id = group_allocations.accounting_contract_id
        and discounts.modification_number = group_allocations.modification_number
        and discounts.allocation_group = group_allocations.allocation_group
    where discounts.applied = 'cumulative_catch_up' and discounts.is_discount

    union all

    select
        accounting_contract_id, modification_number, contract_line_id, 'separate' as change,
        case when is_added then 'main' else 'term' end as layer,
        case when is_added then allocation_group else 'term:' || modification_number || ':' || contract_line_id end as allocation,
        line_place,
        case when not is_added then 1 when is_discount then 0 else coalesce(first_ssp_minor, 0) end as basis_minor,
        case when is_discount then 0 else first_amount_minor end as stated_basis_minor,
        amount_delta_minor, known_from,
        case when is_added then effective_date else greatest({{ add_days('end_before', 1) }}, effective_date) end as from_date,
        effective_date, recognition_method, recognition_convention,
        case when is_added then start_date else greatest({{ add_days('end_before', 1) }}, effective_date) end as spread_from,
        new_end_date as spread_to, 0 as progress_from, whole, is_touched
    from treated
    where applied = 'separate'

    union all

    select
        accounting_contract_id, modification_number, contract_line_id, 'cancel' as change, 'main' as layer,
        'cancel:' || modification_number || ':' || contract_line_id as allocation, line_place, 1 as basis_minor,
        0 as stated_basis_minor, 0 as amount_delta_minor, known_from, effective_date as from_date, effective_date, recognition_method,
        recognition_convention, null as spread_from, null as spread_to, 0 as progress_from, whole, is_touched
    from treated
    where is_cancelled_now

    union all

    select
        lines.accounting_contract_id, lines.modification_number, lines.contract_line_id, 'concession' as change,
        'concession' as layer, 'concession:' || lines.modification_number as allocation, lines.line_place,
        0 as basis_minor, 0 as stated_basis_minor,
        case
            when row_number() over (
                partition by lines.accounting_contract_id, lines.modification_number order by lines.line_place
            ) = 1 then -concessions.credit_minor
            else 0
        end as amount_delta_minor,
        lines.known_from, lines.known_from as from_date, lines.effective_date,
        case when cancelled.effective_date <= lines.known_from then 'cancelled' else lines.recognition_method end
            as recognition_method,
        lines.recognition_convention, null as spread_from, null as spread_to, lines.progress_before as progress_from,
        lines.whole, true as is_touched
    from treated as lines
    left join {{ ref('cancellations') }} as cancelled on lines.contract_line_id = cancelled.contract_line_id
    inner join {{ ref('concessions') }} as concessions
        on lines.kind = 'concession'
        and lines.first_id = concessions.event_id
        and lines.contract_id = concessions.contract_id
        and lines.contract_line_id = coalesce(concessions.contract_line_id, lines.contract_line_id)
    where lines.recognition_method is distinct from 'as_invoiced' and not lines.is_discount

    union all

    select
        accounting_contract_id, modification_number, contract_line_id,
        case when moved_to is null then 'estimate' else 'share' end as change,
        case when moved_to is null then 'main' else 'share:' || allocation end as layer,
        allocation, line_place, 0 as basis_minor, 0 as stated_basis_minor,
        case when member_place = 1 then change_minor else 0 end as amount_delta_minor,
        known_from, from_date, effective_date, recognition_method, recognition_convention,
        null as spread_from, null as spread_to, null as progress_from, whole, true as is_touched
    from estimate_lines

    union all

    select
        modifications.accounting_contract_id, modifications.modification_number, lines.contract_line_id, 'write_off' as change,
        'write_off' as layer, 'write_off:' || modifications.modification_number as allocation, lines.line_place,
        0 as basis_minor, 0 as stated_basis_minor,
        case
            when row_number() over (
                partition by modifications.accounting_contract_id, modifications.modification_number order by lines.line_place
            ) = 1 then -write_offs.through_minor
            else 0
        end as amount_delta_minor,
        modifications.known_from, modifications.known_from as from_date, modifications.effective_date,
        case when cancelled.effective_date <= modifications.known_from then 'cancelled' else lines.recognition_method end
            as recognition_method,
        lines.recognition_convention, null as spread_from, null as spread_to, null as progress_from, null as whole,
        true as is_touched
    from {{ ref('modifications') }} as modifications
    inner join {{ ref('write_offs_before_credits') }} as write_offs
        on modifications.kind = 'write_off' and modifications.first_id = write_offs.write_off_id
        and modifications.contract_id = write_offs.contract_id
    inner join {{ ref('line_allocations') }} as lines
        on modifications.contract_id = lines.contract_id and lines.signed_date <= modifications.known_from
    left join {{ ref('cancellations') }} as cancelled on lines.contract_line_id = cancelled.contract_line_id

),

-- terms added apart that a concession finds
terms_conceded as (

    select concessions.*, terms.modification_number as of_term
    from combined as concessions
    inner join combined as terms
        on concessions.contract_line_id = terms.contract_line_id
        and concessions.modification_number > terms.modification_number
        and terms.change = 'separate' and terms.layer = 'term'
    left join combined as taking
        on terms.contract_line_id = taking.contract_line_id
        and taking.modification_number > terms.modification_number
        and taking.modification_number < concessions.modification_number
        and taking.change in ('pool', 'catch_up', 'cancel')
    where concessions.change = 'concession' and taking.contract_line_id is null

),

changed as (

    select *, cast(null as integer) as of_term from combined

    union all

    select
        accounting_contract_id, modification_number, contract_line_id, change, 'concession:' || of_term as layer, allocation,
        line_place, basis_minor, stated_basis_minor, 0 as amount_delta_minor, known_from, from_date, effective_date,
        recognition_method, recognition_convention, spread_from, spread_to, progress_from, whole, is_touched, of_term
    from terms_conceded

),

-- money of amendments that a cancellation came before: it takes that back too
pending as (

    select contract_line_id, cast(sum(amount_delta_minor) as bigint) as pending_minor
    from lines
    where is_void
    group by contract_line_id

),

-- the round whose concession a void takes back
undone as (

    select voids.accounting_contract_id, voids.modification_number, issued.modification_number as undoes
    from {{ ref('modifications') }} as voids
    inner join {{ ref('modifications') }} as issued
        on voids.accounting_contract_id = issued.accounting_contract_id
        and voids.kind = 'concession'
        and issued.kind = 'concession'
        and voids.first_id = issued.first_id || ':void'

),

final as (

    select
        changed.accounting_contract_id,
        changed.modification_number,
        changed.contract_line_id,
        changed.change,
        changed.layer,
        changed.allocation,
        changed.line_place,
        cast(changed.basis_minor as bigint) as basis_minor,
        cast(changed.stated_basis_minor as bigint) as stated_basis_minor,
        cast(changed.amount_delta_minor as bigint) as amount_delta_minor,
        changed.known_from,
        changed.from_date,
        changed.effective_date,
        changed.recognition_method,
        changed.recognition_convention,
        cast(changed.spread_from as date) as spread_from,
        cast(changed.spread_to as date) as spread_to,
        cast(changed.progress_from as bigint) as progress_from,
        changed.whole,
        changed.is_touched,
        changed.of_term,
        coalesce(case when changed.change = 'cancel' then pending.pending_minor end, 0) as pending_minor,
        coalesce(invoiced.recognized_minor, 0) as invoiced_minor,
        again.shared_in,
        again.part_numerator,
        again.part_denominator,
        coalesce(steps.step, 1) as step,
        steps.moved_to,
        concessions.applies_to as conceded_from,
        concessions.contract_line_id is null and changed.change = 'concession' as is_of_contract,
        coalesce(concessions.returned_before_minor, 0) as returned_before_minor,
        undone.undoes,
        coalesce(billed.billed_minor, 0) as billed_minor,
        coalesce(write_offs.paid_minor, 0) as paid_minor
    from changed
    left join pending on changed.contract_line_id = pending.contract_line_id
    left join {{ ref('modifications') }} as modifications
        on changed.change in ('concession', 'write_off')
        and changed.accounting_contract_id = modifications.accounting_contract_id
        and changed.modification_number = modifications.modification_number
    left join estimate_lines as steps
        on changed.change in ('estimate', 'share')
        and changed.contract_line_id = steps.contract_line_id
        and changed.modification_number = steps.modification_number
        and changed.allocation = steps.allocation
    left join {{ ref('concessions') }} as concessions on modifications.first_id = concessions.event_id
    left join {{ ref('write_offs_before_credits') }} as write_offs
        on changed.change = 'write_off'
        and modifications.first_id = write_offs.write_off_id
        and modifications.contract_id = write_offs.contract_id
    left join {{ ref('invoiced_at_write_offs') }} as invoiced
        on write_offs.write_off_id = invoiced.write_off_id and changed.contract_line_id = invoiced.contract_line_id
    left join {{ ref('billed_at_credits') }} as billed
        on modifications.first_id = billed.event_id and changed.contract_line_id = billed.contract_line_id
    left join based_again as again
        on changed.change = 'catch_up'
        and changed.contract_line_id = again.contract_line_id
        and changed.modification_number = again.modification_number
    left join undone
        on changed.change = 'concession'
        and changed.accounting_contract_id = undone.accounting_contract_id
        and changed.modification_number = undone.modification_number

)

select * from final

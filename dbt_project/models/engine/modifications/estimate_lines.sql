-- Grain: accounting contract × modification_number of an estimate × step × contract line of the allocation of that step.
-- Why: a change is shared by the allocation that first held the line; what falls to a line pooled since goes on to that
-- pool, one step after the other (accounting.md §5).

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

members as (

    select * from {{ ref('pool_members') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

),

allocations as (

    select * from {{ ref('allocations_joined') }}

),

-- the lines that share each allocation's price when an estimate comes, and where each went from there
members_then as (

    select
        lines.accounting_contract_id,
        lines.modification_number,
        lines.contract_line_id,
        allocations.allocation,
        allocations.joined_by,
        lead(allocations.allocation) over (
            partition by lines.contract_line_id, lines.modification_number order by allocations.joined_by
        ) as moved_to
    from lines
    inner join allocations
        on lines.contract_line_id = allocations.contract_line_id
        and allocations.joined_by < lines.modification_number
    where lines.kind = 'estimate' and not lines.is_final

),

based_again as (

    select * from {{ ref('catch_up_lines') }}

),

first_held as (

    select contract_line_id, allocation, joined_by
    from (
        select
            allocations.*,
            row_number() over (partition by contract_line_id order by joined_by) as place
        from allocations
    ) as ordered
    where place = 1

),

estimated as (

    select
        modifications.accounting_contract_id,
        modifications.modification_number,
        estimates.change_minor,
        coalesce(first_held.allocation, 'group:' || estimates.allocation_group) as allocation,
        coalesce(first_held.joined_by, 0) as joined_by
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
        modification_number,
        allocation,
        change_minor,
        cast(row_number() over (
            partition by accounting_contract_id, modification_number order by is_first desc, joined_by, allocation
        ) as integer) as step
    from (
        select accounting_contract_id, modification_number, allocation, change_minor, joined_by, 1 as is_first
        from estimated
        union all
        select
            estimated.accounting_contract_id,
            estimated.modification_number,
            members_then.allocation,
            0 as change_minor,
            min(members_then.joined_by) as joined_by,
            0 as is_first
        from estimated
        inner join members_then
            on estimated.accounting_contract_id = members_then.accounting_contract_id
            and estimated.modification_number = members_then.modification_number
            and estimated.joined_by < members_then.joined_by
            and estimated.allocation != members_then.allocation
        group by estimated.accounting_contract_id, estimated.modification_number, members_then.allocation
    ) as reached

),

-- the day from which the layer holds that it finds
begun as (

    select contract_line_id, modification_number, from_date
    from (
        select
            lines.contract_line_id,
            lines.modification_number,
            made.effective_date as from_date,
            row_number() over (
                partition by lines.contract_line_id, lines.modification_number order by made.modification_number desc
            ) as recency
        from lines
        inner join (
            select contract_line_id, modification_number, effective_date from based_again
            union all
            select members.contract_line_id, members.modification_number, pooled.effective_date
            from members
            inner join lines as pooled
                on members.contract_line_id = pooled.contract_line_id and members.modification_number = pooled.modification_number
            union all
            select contract_line_id, modification_number, effective_date from treated where is_added and is_separate
        ) as made
            on lines.contract_line_id = made.contract_line_id and made.modification_number < lines.modification_number
        where lines.kind = 'estimate'
    ) as earlier
    where recency = 1

)

select
    reached.accounting_contract_id,
    reached.modification_number,
    reached.step,
    reached.allocation,
    reached.change_minor,
    members_then.moved_to,
    coalesce(begun.from_date, {{ first_day() }}) as from_date,
    lines.contract_line_id,
    lines.line_place,
    lines.known_from,
    lines.effective_date,
    lines.recognition_method,
    lines.recognition_convention,
    lines.whole,
    row_number() over (
        partition by reached.accounting_contract_id, reached.modification_number, reached.step order by lines.line_place
    ) as member_place
from allocations_reached as reached
inner join lines
    on reached.accounting_contract_id = lines.accounting_contract_id
    and reached.modification_number = lines.modification_number
inner join members_then
    on lines.contract_line_id = members_then.contract_line_id
    and lines.modification_number = members_then.modification_number
    and reached.allocation = members_then.allocation
left join begun
    on lines.contract_line_id = begun.contract_line_id and lines.modification_number = begun.modification_number

-- Grain: accounting contract × modification_number of a catch-up × allocation group.
-- Why: a line that a catch-up adds, or a discount, joins the newest of the allocations that its group's lines are in.
-- A catch-up runs an allocation again but makes none, so it changes nothing of which is the newest.

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

),

joined_first as (

    select * from {{ ref('allocations_made') }}

),

held_first as (

    select accounting_contract_id, modification_number, contract_line_id, allocation_group, allocation, joined_by
    from (
        select
            lines.accounting_contract_id,
            lines.modification_number,
            lines.contract_line_id,
            lines.allocation_group,
            joined_first.allocation,
            joined_first.joined_by,
            row_number() over (
                partition by lines.contract_line_id, lines.modification_number order by joined_first.joined_by desc
            ) as recency
        from lines
        inner join joined_first
            on lines.contract_line_id = joined_first.contract_line_id and joined_first.joined_by < lines.modification_number
        where not lines.is_final
    ) as earlier
    where recency = 1

)

select accounting_contract_id, modification_number, allocation_group, allocation
from (
    select
        joining.accounting_contract_id,
        joining.modification_number,
        joining.allocation_group,
        held_first.allocation,
        row_number() over (
            partition by joining.accounting_contract_id, joining.modification_number, joining.allocation_group
            order by held_first.joined_by desc, held_first.allocation desc
        ) as recency
    from (
        select distinct accounting_contract_id, modification_number, allocation_group
        from treated
        where applied = 'cumulative_catch_up'
    ) as joining
    inner join held_first
        on joining.accounting_contract_id = held_first.accounting_contract_id
        and joining.modification_number = held_first.modification_number
        and joining.allocation_group = held_first.allocation_group
) as ranked
where recency = 1

-- Grain: contract line × joined_by in which it joins an allocation.
-- Why: those that are made with it, and of a line that a catch-up adds its group's.

with joined_first as (

    select * from {{ ref('allocations_made') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

),

group_allocations as (

    select * from {{ ref('group_allocations') }}

)

select * from joined_first

union all

select
    treated.contract_line_id,
    treated.modification_number as joined_by,
    coalesce(group_allocations.allocation, 'group:' || treated.allocation_group) as allocation
from treated
left join group_allocations
    on treated.accounting_contract_id = group_allocations.accounting_contract_id
    and treated.modification_number = group_allocations.modification_number
    and treated.allocation_group = group_allocations.allocation_group
where treated.is_added and treated.treatment = 'cumulative_catch_up'

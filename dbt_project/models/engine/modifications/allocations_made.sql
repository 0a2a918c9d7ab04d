-- Grain: contract line × joined_by in which an allocation is made with it.
-- Why: the allocation that holds a line's price from a round on: its group's at signing (round 0), later a pool's, its
-- own where it stands alone (accounting.md §3.2, §5).

with members as (

    select * from {{ ref('pool_members') }}

),

treated as (

    select * from {{ ref('treated_lines') }}

)

select contract_line_id, 0 as joined_by, 'group:' || allocation_group as allocation
from {{ ref('line_allocations') }}
where amendment_id is null and not is_discount and not is_unpriced

union all

select contract_line_id, modification_number as joined_by, 'pool:' || modification_number as allocation
from members

union all

select contract_line_id, modification_number as joined_by, allocation_group as allocation
from treated
where is_added and is_separate

union all

-- added where nothing of its group is left to share with
select contract_line_id, modification_number as joined_by, 'alone:' || modification_number || ':' || contract_line_id as allocation
from treated
where is_added and treatment = 'prospective' and applied = 'cumulative_catch_up'

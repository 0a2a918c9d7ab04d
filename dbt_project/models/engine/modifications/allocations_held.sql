-- Grain: contract line × modification_number.
-- Why: the allocation that a line is in when a modification finds it; a line that is final is in none.

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

allocations as (

    select * from {{ ref('allocations_joined') }}

)

select accounting_contract_id, modification_number, contract_line_id, allocation, joined_by
from (
    select
        lines.accounting_contract_id,
        lines.modification_number,
        lines.contract_line_id,
        allocations.allocation,
        allocations.joined_by,
        row_number() over (
            partition by lines.contract_line_id, lines.modification_number order by allocations.joined_by desc
        ) as recency
    from lines
    inner join allocations
        on lines.contract_line_id = allocations.contract_line_id
        and (
            allocations.joined_by < lines.modification_number
            or allocations.joined_by = lines.modification_number and lines.is_added
        )
    where not lines.is_final
) as earlier
where recency = 1

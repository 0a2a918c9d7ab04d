-- Grain: accounting contract × modification_number × contract line that is there in that round.
-- Why: lines_at_modifications with the treatment that is applied (accounting.md §5): where nothing is unfinished in a pool, a
-- prospective amendment is a catch-up.

with lines as (

    select * from {{ ref('lines_at_modifications') }}

),

pools as (

    select distinct accounting_contract_id, modification_number from {{ ref('pool_members') }}

)

select
    lines.*,
    case
        when lines.treatment = 'prospective' and pools.modification_number is null then 'cumulative_catch_up'
        else lines.treatment
    end as applied
from lines
left join pools
    on lines.accounting_contract_id = pools.accounting_contract_id and lines.modification_number = pools.modification_number

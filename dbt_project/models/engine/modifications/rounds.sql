-- Grain: step of a modification.
-- Why: the rounds in which money is computed (macros/iterated.sql): round n is the n-th step of every accounting contract
-- that has so many.

select
    accounting_contract_id,
    modification_number,
    step,
    cast(row_number() over (partition by accounting_contract_id order by modification_number, step) as integer) as round_number
from (
    select distinct accounting_contract_id, modification_number, step from {{ ref('modified_lines') }}
) as steps

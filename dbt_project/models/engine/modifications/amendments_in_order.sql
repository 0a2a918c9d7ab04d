-- Grain: accepted amendment row that is no cancellation and signed by the cut.
-- Why: the modification that an amendment row belongs to: rows of one contract with the same dates are one.

select
    modifications.modification_number,
    amendment_rows.*
from {{ ref('amendment_rows') }} as amendment_rows
inner join {{ ref('modifications') }} as modifications
    on amendment_rows.contract_id = modifications.contract_id
    and amendment_rows.effective_date = modifications.effective_date
    and amendment_rows.signed_date = modifications.signed_date
    and modifications.kind = 'amendment'

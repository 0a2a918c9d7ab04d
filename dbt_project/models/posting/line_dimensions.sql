-- Grain: accepted contract line.
-- Why: the dimensions a line's amounts are posted under now; a changed one posts a reversal and a new row
-- (architecture.md posting 1).

select
    lines.contract_line_id,
    lines.contract_id,
    lines.accounting_contract_id,
    contracts.customer_id,
    contracts.entity_id,
    lines.product_id,
    lines.currency
from {{ ref('line_allocations') }} as lines
inner join {{ ref('accepted__contracts') }} as contracts on lines.contract_id = contracts.contract_id

-- Grain: contract of several lines that has invoice lines without a contract line.
-- Why: what is billed on its lines follows from what is contracted, which rules that read both ask about.
{{ config(materialized='table') }}

select distinct invoice_lines.contract_id
from {{ ref('links__invoice_lines') }} as invoice_lines
inner join (
    select contract_id from {{ ref('links__contract_lines') }} group by contract_id having count(*) > 1
) as contracts
    on invoice_lines.contract_id = contracts.contract_id
where invoice_lines.contract_line_id is null

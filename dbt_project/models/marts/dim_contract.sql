-- Grain: contract.
-- Why: attributes as of the latest run; a contract that published facts name stays, held or gone.

{% set columns = [
    'contract_id', 'accounting_contract_id', 'contract_number', 'customer_id', 'entity_id', 'status', 'contract_type',
    'signed_date', 'start_date', 'end_date', 'currency', 'total_amount', 'opportunity_id', 'opportunity_created_date',
    'campaign', 'sales_rep', 'renewal_of', 'combined_with', 'termination_for_convenience', 'notice_days',
    'termination_penalty', 'cancelled_date', 'cancellation_signed_date', 'cancellation_reason', 'judgements',
] %}

with current_rows as (

    select *, coalesce(combined_with, contract_id) as accounting_contract_id from {{ ref('accepted__contracts') }}

),

published as (

    select {{ columns | join(', ') }}
    from {{ source('frozen', 'dim_contract') }}
    where contract_id != '(not linked)' and contract_id not in (select contract_id from current_rows)

)

select {{ columns | join(', ') }} from current_rows
union all
select * from published
union all
select
    '(not linked)', '(not linked)', null, '(not linked)', null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null

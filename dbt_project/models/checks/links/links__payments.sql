-- Grain: payment.
-- Why: the contract it belongs to: the one it names, else its invoice's where that has only one.
{{ config(materialized='table') }}

select
    payments.record_key,
    payments.invoice_id,
    coalesce(named.contract_id, invoices.contract_id) as contract_id
from {{ ref('exchange__payments') }} as payments
left join {{ ref('links__contracts') }} as named on payments.contract_id = named.contract_id
left join {{ ref('links__invoices') }} as invoices on payments.invoice_id = invoices.invoice_id

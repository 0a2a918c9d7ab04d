-- Grain: invoice.
-- Why: the contracts of its lines as one: contract_id where there is exactly one, the first and their number else.
{{ config(materialized='table') }}

with by_line as (

    select
        invoice_id,
        min(contract_id) as first_contract_id,
        cast(count(distinct contract_id) as integer) as contracts
    from {{ ref('links__invoice_lines') }}
    group by invoice_id

),

final as (

    select
        invoices.record_key,
        invoices.invoice_id,
        coalesce(by_line.first_contract_id, named.contract_id) as first_contract_id,
        case
            when by_line.contracts = 1 then by_line.first_contract_id
            when coalesce(by_line.contracts, 0) = 0 then named.contract_id
        end as contract_id,
        coalesce(invoices.entity_id, first_contract.entity_id, named.entity_id, defaults.entity_id) as entity_id
    from {{ ref('exchange__invoices') }} as invoices
    left join by_line on invoices.invoice_id = by_line.invoice_id
    left join {{ ref('links__contracts') }} as first_contract on by_line.first_contract_id = first_contract.contract_id
    left join {{ ref('links__contracts') }} as named on invoices.contract_id = named.contract_id
    cross join {{ ref('links__only_entity') }} as defaults

)

select * from final

-- Grain: contract that is delivered, or that published figures stand on although it is delivered no more.
-- Why: what a record may belong to. A published contract that vanished must still be found, else its invoices
-- would pass for unlinked billings instead of being held with it.
{{ config(materialized='table') }}

with contracts as (

    select * from {{ ref('exchange__contracts') }}

),

published as (

    select contract_id from {{ source('frozen', 'contracts_published') }}

),

final as (

    select
        contracts.contract_id,
        coalesce(contracts.combined_with, contracts.contract_id) as accounting_contract_id,
        contracts.customer_id,
        coalesce(contracts.entity_id, only_entity.entity_id) as entity_id,
        contracts.currency,
        contracts.signed_date,
        false as has_vanished
    from contracts
    cross join {{ ref('links__only_entity') }} as only_entity
    where contracts.contract_id is not null

    union all

    select
        published.contract_id,
        published.contract_id as accounting_contract_id,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        cast(null as {{ dbt.type_string() }}) as entity_id,
        cast(null as {{ dbt.type_string() }}) as currency,
        cast(null as date) as signed_date,
        true as has_vanished
    from published
    left join contracts on published.contract_id = contracts.contract_id
    where contracts.contract_id is null
        and published.contract_id is not null
        and published.contract_id != '(not linked)'

)

select * from final

-- Grain: customers record.
-- Why: every fact its rules ask for (expectations/suites/customers.yml).

with final as (

    select
        {{ exchange_columns('customers') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        records.parent_customer_id is null or parents.customer_id is not null as is_known_parent,
        {{ common_checks('customers', 'cast(null as integer)') }}
    from {{ ref('exchange__customers') }} as records
    left join {{ ref('exchange__customers') }} as parents on records.parent_customer_id = parents.customer_id

)

select * from final

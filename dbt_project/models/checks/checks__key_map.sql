-- Grain: key_map record.
-- Why: every fact its rules ask for (expectations/suites/key_map.yml).

with final as (

    select
        {{ exchange_columns('key_map') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,

        {{ common_checks('key_map', 'cast(null as integer)') }}
    from {{ ref('exchange__key_map') }} as records


)

select * from final

-- Grain: entities record.
-- Why: every fact its rules ask for (expectations/suites/entities.yml).

with final as (

    select
        {{ exchange_columns('entities') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        currencies.currency is not null as is_known_currency,
        books.functional_currency as books_currency,
        {{ common_checks('entities', 'cast(null as integer)') }}
    from {{ ref('exchange__entities') }} as records
    left join {{ ref('exchange__currencies') }} as currencies on records.functional_currency = currencies.currency
    left join {{ ref('links__entity_currencies') }} as books on records.entity_id = books.entity_id

)

select * from final

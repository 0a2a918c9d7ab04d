-- Grain: products record.
-- Why: every fact its rules ask for (expectations/suites/products.yml).

with final as (

    select
        {{ exchange_columns('products') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        records.ssp_currency is null or currencies.currency is not null as is_known_currency,
        {{ common_checks('products', 'currencies.exponent') }}
    from {{ ref('exchange__products') }} as records
    left join {{ ref('exchange__currencies') }} as currencies on records.ssp_currency = currencies.currency

)

select * from final

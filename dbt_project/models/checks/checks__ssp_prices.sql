-- Grain: ssp_prices record.
-- Why: every fact its rules ask for (expectations/suites/ssp_prices.yml).

with final as (

    select
        {{ exchange_columns('ssp_prices') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        products.product_id is not null as is_known_product,
        currencies.currency is not null as is_known_currency,
        {{ common_checks('ssp_prices', 'currencies.exponent') }}
    from {{ ref('exchange__ssp_prices') }} as records
    left join {{ ref('exchange__products') }} as products on records.product_id = products.product_id
    left join {{ ref('exchange__currencies') }} as currencies on records.currency = currencies.currency

)

select * from final

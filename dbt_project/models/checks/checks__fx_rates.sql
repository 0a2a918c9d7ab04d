-- Grain: fx_rates record.
-- Why: every fact its rules ask for (expectations/suites/fx_rates.yml).

with final as (

    select
        {{ exchange_columns('fx_rates') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        from_currencies.currency is not null and to_currencies.currency is not null as is_known_currency,
        {{ common_checks('fx_rates', 'cast(null as integer)') }}
    from {{ ref('exchange__fx_rates') }} as records
    left join {{ ref('exchange__currencies') }} as from_currencies on records.from_currency = from_currencies.currency
    left join {{ ref('exchange__currencies') }} as to_currencies on records.to_currency = to_currencies.currency

)

select * from final

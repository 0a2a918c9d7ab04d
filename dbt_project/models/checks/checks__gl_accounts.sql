-- Grain: gl_accounts record.
-- Why: every fact its rules ask for (expectations/suites/gl_accounts.yml).

with final as (

    select
        {{ exchange_columns('gl_accounts') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,

        {{ common_checks('gl_accounts', 'cast(null as integer)') }}
    from {{ ref('exchange__gl_accounts') }} as records


)

select * from final

-- Grain: account_mapping record.
-- Why: every fact its rules ask for (expectations/suites/account_mapping.yml).

with final as (

    select
        {{ exchange_columns('account_mapping') }},
        cast(null as {{ dbt.type_string() }}) as contract_id,
        cast(null as decimal(18, 3)) as held_amount,
        cast(null as {{ dbt.type_string() }}) as held_currency,
        accounts.account_id is not null as is_known_account,
        records.entity_id is null or entities.entity_id is not null as is_known_entity,
        {{ common_checks('account_mapping', 'cast(null as integer)') }}
    from {{ ref('exchange__account_mapping') }} as records
    left join {{ ref('exchange__gl_accounts') }} as accounts on records.account_id = accounts.account_id
    left join {{ ref('exchange__entities') }} as entities on records.entity_id = entities.entity_id

)

select * from final

-- Grain: estimates record.
-- Why: every fact its rules ask for (expectations/suites/estimates.yml).

with final as (

    select
        {{ exchange_columns('estimates') }},
        records.variable_amount as held_amount,
        contracts.currency as held_currency,
        contracts.contract_id is not null as is_known_contract,
        records.contract_line_id is null or lines.contract_line_id is not null as is_known_line,
        context.cut_date,
        {{ common_checks('estimates', 'currencies.exponent') }}
    from {{ ref('exchange__estimates') }} as records
    left join {{ ref('exchange__contracts') }} as contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    cross join {{ source('run', 'context') }} as context

)

select * from final

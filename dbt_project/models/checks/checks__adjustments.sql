-- Grain: adjustments record.
-- Why: every fact its rules ask for (expectations/suites/adjustments.yml).

with final as (

    select
        {{ exchange_columns('adjustments') }},
        lines.contract_id,
        records.amount as held_amount,
        contracts.currency as held_currency,
        lines.contract_line_id is not null as is_known_line,
        {{ common_checks('adjustments', 'currencies.exponent') }}
    from {{ ref('exchange__adjustments') }} as records
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join {{ ref('exchange__contracts') }} as contracts on lines.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency

)

select * from final

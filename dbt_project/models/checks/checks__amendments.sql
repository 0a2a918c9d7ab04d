-- Grain: amendments record.
-- Why: every fact its rules ask for (expectations/suites/amendments.yml).

with cancels as (

    select contract_line_id, count(*) as cancels
    from {{ ref('exchange__amendments') }} as records
    where action = 'cancel'
    group by contract_line_id

),

final as (

    select
        {{ exchange_columns('amendments') }},
        records.amount_delta as held_amount,
        contracts.currency as held_currency,
        contracts.contract_id is not null as is_known_contract,
        lines.contract_line_id is not null as is_known_line,
        lines.contract_id as line_contract_id,
        coalesce(lines.end_date, contracts.end_date) as term_end_date,
        coalesce(cancels.cancels, 0) as cancels,
        context.as_of,
        {{ common_checks('amendments', 'currencies.exponent') }}
    from {{ ref('exchange__amendments') }} as records
    left join {{ ref('exchange__contracts') }} as contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('exchange__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join cancels on records.contract_line_id = cancels.contract_line_id
    cross join {{ source('run', 'context') }} as context

)

select * from final

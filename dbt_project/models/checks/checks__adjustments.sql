-- Grain: adjustments record.
-- Why: every fact its rules ask for (expectations/suites/adjustments.yml).

with final as (

    select
        {{ exchange_columns('adjustments') }},
        lines.contract_id,
        records.amount as held_amount,
        contracts.currency as held_currency,
        lines.contract_line_id is not null as is_known_line,
        context.cut_date,
        terms.recognition_method as method,
        coalesce(terms.is_discount, false) as is_discount,
        openings.as_of_date as taken_over_on,
        {{ common_checks('adjustments', 'currencies.exponent') }}
    from {{ ref('exchange__adjustments') }} as records
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join {{ ref('exchange__contracts') }} as contracts on lines.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('contract_line_terms') }} as terms on records.contract_line_id = terms.contract_line_id
    left join (
        select contract_line_id, max(as_of_date) as as_of_date
        from {{ ref('exchange__opening_balances') }}
        group by contract_line_id
    ) as openings
        on records.contract_line_id = openings.contract_line_id
    cross join {{ source('run', 'context') }} as context

)

select * from final

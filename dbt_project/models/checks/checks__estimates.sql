-- Grain: estimates record.
-- Why: every fact its rules ask for (expectations/suites/estimates.yml).

with terms as (

    select * from {{ ref('contract_line_terms') }}

),

-- what each record estimates: a line, or the lines of a contract in a group
estimated as (

    select
        records.record_key,
        bool_or(not terms.is_unpriced) as is_priced
    from {{ ref('exchange__estimates') }} as records
    inner join terms
        on records.contract_id = terms.contract_id
        and case
            when records.contract_line_id is not null then records.contract_line_id = terms.contract_line_id
            else coalesce(records.allocation_group, '') = terms.allocation_group and terms.amendment_id is null
        end
    group by records.record_key

),

final as (

    select
        {{ exchange_columns('estimates') }},
        records.variable_amount as held_amount,
        contracts.currency as held_currency,
        contracts.contract_id is not null as is_known_contract,
        records.contract_line_id is null or lines.contract_line_id is not null as is_known_line,
        coalesce(estimated.is_priced, lines.has_vanished, false) as is_priced,
        context.cut_date,
        {{ common_checks('estimates', 'currencies.exponent') }}
    from {{ ref('exchange__estimates') }} as records
    left join {{ ref('exchange__contracts') }} as contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join estimated on records.record_key = estimated.record_key
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    cross join {{ source('run', 'context') }} as context

)

select * from final

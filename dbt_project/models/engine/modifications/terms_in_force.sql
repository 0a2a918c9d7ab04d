-- Grain: contract line that a modification known by the last day counted has rows for.
-- Why: the amount and the dates that are in force then, by the last of them (accounting.md §5).

with dated as (

    select
        terms.contract_line_id,
        terms.amount_minor,
        terms.start_date,
        terms.end_date,
        row_number() over (partition by terms.contract_line_id order by terms.modification_number desc) as recency
    from {{ ref('amended_terms') }} as terms
    inner join {{ ref('modifications') }} as modifications
        on terms.accounting_contract_id = modifications.accounting_contract_id
        and terms.modification_number = modifications.modification_number
    cross join {{ source('run', 'context') }} as context
    where modifications.known_from <= context.cut_date

)

select contract_line_id, amount_minor, start_date, end_date from dated where recency = 1

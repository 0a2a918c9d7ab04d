-- Grain: suspended contract line × modification_number that finds it suspended × stretch of days on which it is of service.
-- Why: a term is earned over its days of service (accounting.md §5 suspend; macros/ratable.sql stretches_of). The first
-- stretch has no beginning and the last no end: the term gives them.

with gaps as (

    select
        lines.contract_line_id,
        lines.modification_number,
        suspensions.gap_number,
        suspensions.gap_from,
        suspensions.gap_until
    from {{ ref('lines_at_modifications') }} as lines
    inner join {{ ref('suspensions') }} as suspensions
        on lines.contract_line_id = suspensions.contract_line_id and lines.terms_given_by = suspensions.modification_number

)

select
    contract_line_id,
    modification_number,
    1 as stretch_number,
    {{ first_day() }} as served_from,
    {{ add_days('gap_from', '-1') }} as served_until
from gaps
where gap_number = 1

union all

select
    contract_line_id,
    modification_number,
    gap_number + 1 as stretch_number,
    {{ add_days('gap_until', 1) }} as served_from,
    coalesce(
        {{ add_days(
            'lead(gap_from) over (partition by contract_line_id, modification_number order by gap_number)', '-1'
        ) }},
        cast('9999-12-31' as date)
    ) as served_until
from gaps

-- Grain: contract line × modification_number that has rows for it × stretch of days without service.
-- Why: days between a suspension and the first day of service again weigh 0 (accounting.md §5); which these are for a
-- modification: the suspensions that took effect before it or with it, whatever their dates, overlaps told once. A new
-- start date ends those before it.

with given as (

    select * from {{ ref('given_terms') }}

),

gaps as (

    select
        given.contract_line_id,
        given.modification_number,
        greatest(suspending.effective_date, suspending.start_date) as gap_from,
        {{ add_days('suspending.new_start_date', '-1') }} as gap_until
    from given
    inner join given as suspending
        on given.contract_line_id = suspending.contract_line_id
        and given.starts_given = suspending.starts_given
        and given.modification_number >= suspending.modification_number
        and suspending.is_suspended
    where greatest(suspending.effective_date, suspending.start_date) < suspending.new_start_date

),

numbered as (

    select
        covered.*,
        sum(case when gap_from <= {{ add_days('covered_until', 1) }} then 0 else 1 end) over (
            partition by contract_line_id, modification_number order by gap_from, gap_until
            rows between unbounded preceding and current row
        ) as gap_number
    from (
        select
            gaps.*,
            max(gap_until) over (
                partition by contract_line_id, modification_number order by gap_from, gap_until
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from gaps
    ) as covered

)

select
    contract_line_id,
    modification_number,
    cast(gap_number as integer) as gap_number,
    min(gap_from) as gap_from,
    max(gap_until) as gap_until
from numbered
group by contract_line_id, modification_number, gap_number

-- Grain: written_off row.
-- Why: bad-debt expense = max(0, min(written off, recognized − paid)) per contract, without tax and cumulative; the rest
-- was never earned and reduces billed (accounting.md §6).

with recognized as (

    select contract_id, round_number, cast(sum(recognized_minor) as bigint) as recognized_minor
    from {{ ref('write_off_lines') }}
    group by contract_id, round_number

),

expensed as (

    select
        written_off.*,
        {{ bad_debt_expense('written_off.through_minor', 'coalesce(recognized.recognized_minor, 0)', 'written_off.paid_minor') }}
            as expense_through_minor,
        recognized.contract_id is not null as has_lines
    from {{ ref('written_off') }} as written_off
    left join recognized
        on written_off.contract_id = recognized.contract_id and written_off.round_number = recognized.round_number

)

select
    event_id,
    event_type,
    document_id,
    contract_id,
    round_number,
    event_date,
    gross_minor - net_minor as tax_minor,
    cast(expense_through_minor - lag(expense_through_minor, 1, 0) over by_round as bigint) as expense_minor,
    cast(
        never_earned_through_minor - lag(never_earned_through_minor, 1, 0) over by_round as bigint
    ) as never_earned_minor
from (
    -- nothing comes off the billing of a contract whose lines are all signed later, and nothing goes back on it
    select expensed.*, case when has_lines then through_minor - expense_through_minor else 0 end as never_earned_through_minor
    from expensed
) as lowered
window by_round as (partition by contract_id order by round_number)

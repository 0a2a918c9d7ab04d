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
            as expense_through_minor
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
        net_minor - expense_through_minor + lag(expense_through_minor, 1, 0) over by_round as bigint
    ) as never_earned_minor
from expensed
window by_round as (partition by contract_id order by round_number)

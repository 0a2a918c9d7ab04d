-- Grain: contract line × modification_number of a modification that has rows for it.
-- Why: the quantity, amount, dates and stand-alone selling price that the line was last given by then (accounting.md §5),
-- before what suspensions make of its end. Several rows of one modification for a line count together; of a line that
-- is added, quantity and amount are its own. starts_given counts its new starts, after which earlier suspensions are over.

with lines as (

    select * from {{ ref('line_allocations') }}

),

by_modification as (

    select
        rows_of_line.accounting_contract_id,
        rows_of_line.modification_number,
        rows_of_line.contract_line_id,
        rows_of_line.effective_date,
        rows_of_line.signed_date,
        max(case when rows_of_line.action = 'add' then 1 else 0 end) = 1 as is_added,
        max(case when rows_of_line.action = 'suspend' then 1 else 0 end) = 1 as is_suspended,
        cast(sum(
            case when rows_of_line.action = 'add' then 0 else coalesce(rows_of_line.quantity_delta_millionths, 0) end
        ) as bigint) as quantity_delta_millionths,
        cast(sum(case when rows_of_line.action = 'add' then 0 else rows_of_line.amount_delta_minor end) as bigint)
            as amount_delta_minor,
        max(rows_of_line.new_start_date) as new_start_date,
        max(rows_of_line.new_end_date) as new_end_date,
        max(rows_of_line.ssp_unit) as ssp_unit
    from {{ ref('amendments_in_order') }} as rows_of_line
    group by
        rows_of_line.accounting_contract_id, rows_of_line.modification_number, rows_of_line.contract_line_id,
        rows_of_line.effective_date, rows_of_line.signed_date

),

counted as (

    -- which of a line's new dates and prices is the last one given
    select
        by_modification.*,
        count(case when not is_suspended then new_start_date end) over through_round as starts_given,
        count(new_end_date) over through_round as ends_given,
        count(ssp_unit) over through_round as prices_given,
        sum(quantity_delta_millionths) over through_round as quantity_change_millionths,
        sum(amount_delta_minor) over through_round as amount_change_minor
    from by_modification
    window through_round as (
        partition by contract_line_id order by modification_number rows between unbounded preceding and current row
    )

),

final as (

    select
        counted.*,
        lines.start_date as first_start_date,
        lines.end_date as first_end_date,
        lines.amount_minor as first_amount_minor,
        lines.price_minor as first_price_minor,
        lines.quantity_millionths as first_quantity_millionths,
        coalesce(
            max(case when not counted.is_suspended then counted.new_start_date end) over (
                partition by counted.contract_line_id, counted.starts_given
            ),
            lines.start_date
        ) as start_date,
        coalesce(
            max(counted.new_end_date) over (partition by counted.contract_line_id, counted.ends_given),
            lines.end_date
        ) as given_end_date,
        max(counted.ssp_unit) over (partition by counted.contract_line_id, counted.prices_given) as given_ssp_unit
    from counted
    inner join lines on counted.contract_line_id = lines.contract_line_id

)

select * from final

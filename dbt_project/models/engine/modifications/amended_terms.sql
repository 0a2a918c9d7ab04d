-- Grain: contract line × modification_number of a modification that has rows for it.
-- Why: the line's quantity, amount, dates and the stand-alone selling price it was last given from that modification on
-- (accounting.md §5). Several rows of one modification for a line count together; of a line that is added, quantity
-- and amount are its own. Suspended days move the end, unless it is given.

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

last_given as (

    select
        counted.*,
        lines.start_date as first_start_date,
        lines.end_date as first_end_date,
        lines.amount_minor as first_amount_minor,
        lines.price_minor as first_price_minor,
        lines.quantity_millionths as first_quantity_millionths,
        -- a suspension starts service again, never earlier than it was to start
        greatest(
            max(counted.new_start_date) over (
                partition by counted.contract_line_id, counted.starts_given order by counted.modification_number
                rows between unbounded preceding and current row
            ),
            case when counted.starts_given = 0 then lines.start_date end
        ) as start_date,
        coalesce(
            max(counted.new_end_date) over (partition by counted.contract_line_id, counted.ends_given),
            lines.end_date
        ) as given_end_date,
        max(counted.ssp_unit) over (partition by counted.contract_line_id, counted.prices_given) as given_ssp_unit
    from counted
    inner join lines on counted.contract_line_id = lines.contract_line_id

),

shifted as (

    select
        last_given.*,
        coalesce(
            lag(start_date) over (partition by contract_line_id order by modification_number), first_start_date
        ) as start_before
    from last_given

),

suspended as (

    select
        shifted.*,
        case
            when is_suspended and new_end_date is null
                then greatest({{ days_between('greatest(effective_date, start_before)', 'new_start_date') }}, 0)
            else 0
        end as lost_days
    from shifted

),

ended as (

    select
        suspended.*,
        cast(sum(lost_days) over (
            partition by contract_line_id, ends_given order by modification_number
            rows between unbounded preceding and current row
        ) as integer) as suspended_days
    from suspended

),

final as (

    select
        accounting_contract_id,
        modification_number,
        contract_line_id,
        effective_date,
        is_added,
        is_suspended,
        quantity_delta_millionths,
        case when is_added then first_price_minor else amount_delta_minor end as amount_delta_minor,
        new_start_date,
        new_end_date,
        cast(first_quantity_millionths + quantity_change_millionths as bigint) as quantity_millionths,
        cast(first_amount_minor + amount_change_minor as bigint) as amount_minor,
        start_date,
        {{ add_days('given_end_date', 'suspended_days') }} as end_date,
        start_before,
        given_ssp_unit
    from ended

),

-- the end that the amendments signed before say: a signature is booked before it counts
signed_ends as (

    select
        ended.contract_line_id,
        ended.modification_number,
        ended.signed_date,
        {{ add_days(
            'coalesce(max(ended.new_end_date) over (partition by ended.contract_line_id, ended.signed_ends_given), ended.first_end_date)',
            'sum(ended.lost_days) over through_signature'
        ) }} as signed_end_date
    from (
        select
            ended.*,
            count(new_end_date) over (
                partition by contract_line_id order by signed_date, modification_number
                rows between unbounded preceding and current row
            ) as signed_ends_given
        from ended
    ) as ended
    window through_signature as (
        partition by ended.contract_line_id, ended.signed_ends_given order by ended.signed_date, ended.modification_number
        rows between unbounded preceding and current row
    )

),

with_end_before as (

    select
        final.*,
        coalesce(
            lag(final.end_date) over (partition by final.contract_line_id order by final.modification_number), lines.end_date
        ) as end_before,
        coalesce(
            lag(signed_ends.signed_end_date) over (
                partition by final.contract_line_id order by signed_ends.signed_date, final.modification_number
            ),
            lines.end_date
        ) as signed_end_before
    from final
    inner join lines on final.contract_line_id = lines.contract_line_id
    inner join signed_ends
        on final.contract_line_id = signed_ends.contract_line_id and final.modification_number = signed_ends.modification_number

)

select * from with_end_before

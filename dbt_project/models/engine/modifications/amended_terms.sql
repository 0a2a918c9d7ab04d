-- Grain: contract line × modification_number of a modification that has rows for it.
-- Why: the line's quantity, amount, dates and the stand-alone selling price it was last given from that modification on
-- (accounting.md §5). Suspended days move the end, unless it is given.

with given as (

    select * from {{ ref('given_terms') }}

),

days_without_service as (

    select
        contract_line_id,
        modification_number,
        cast(sum({{ days_between('gap_from', 'gap_until') }} + 1) as integer) as days
    from {{ ref('suspensions') }}
    group by contract_line_id, modification_number

),

-- by how many days a suspension has more without service than there were before it
suspended as (

    select
        given.*,
        case
            when given.is_suspended and given.new_end_date is null
                then coalesce(without_service.days, 0) - coalesce(lag(without_service.days) over (
                    partition by given.contract_line_id, given.starts_given order by given.modification_number
                ), 0)
            else 0
        end as lost_days
    from given
    left join days_without_service as without_service
        on given.contract_line_id = without_service.contract_line_id
        and given.modification_number = without_service.modification_number

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
        quantity_delta_millionths,
        case when is_added then first_price_minor else amount_delta_minor end as amount_delta_minor,
        cast(first_quantity_millionths + quantity_change_millionths as bigint) as quantity_millionths,
        cast(first_amount_minor + amount_change_minor as bigint) as amount_minor,
        start_date,
        {{ add_days('given_end_date', 'suspended_days') }} as end_date,
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
            lag(final.end_date) over (partition by final.contract_line_id order by final.modification_number), given.first_end_date
        ) as end_before,
        coalesce(
            lag(signed_ends.signed_end_date) over (
                partition by final.contract_line_id order by signed_ends.signed_date, final.modification_number
            ),
            given.first_end_date
        ) as signed_end_before
    from final
    inner join given
        on final.contract_line_id = given.contract_line_id and final.modification_number = given.modification_number
    inner join signed_ends
        on final.contract_line_id = signed_ends.contract_line_id and final.modification_number = signed_ends.modification_number

)

select * from with_end_before

-- Grain: contract line of a modified accounting contract × round_number × layer.
-- Why: a line's terms are layers that are added up: what it was signed with (round 0), and what modifications made of it
-- (accounting.md §5). Here is when each counts and how it is earned; its money is in layer_amounts. A later pool,
-- catch-up or cancellation ends the layers it takes: ended_in is its round, known_until the day before it counts.

with lines as (

    select * from {{ ref('line_allocations') }}

),

modified as (

    select distinct accounting_contract_id from {{ ref('modifications') }}

),

changes as (

    select * from {{ ref('modified_lines') }} where change != 'money'

),

made as (

    select
        lines.accounting_contract_id, lines.contract_line_id, 0 as round_number, 'main' as layer, 'signing' as change,
        lines.signed_date as known_from, {{ first_day() }} as from_date, lines.recognition_method,
        lines.recognition_convention, lines.start_date as spread_from, lines.end_date as spread_to,
        cast(0 as bigint) as progress_from,
        {{ whole_progress('lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor') }} as whole
    from lines
    inner join modified on lines.accounting_contract_id = modified.accounting_contract_id
    where lines.amendment_id is null

    union all

    select
        accounting_contract_id, contract_line_id, round_number, layer, change, known_from, from_date, recognition_method,
        recognition_convention, spread_from, spread_to, progress_from, whole
    from changes

),

ends as (

    select
        made.contract_line_id,
        made.round_number,
        made.layer,
        min(changes.round_number) as ended_in
    from made
    inner join changes
        on made.contract_line_id = changes.contract_line_id
        and made.round_number < changes.round_number
        and changes.change in ('pool', 'catch_up', 'cancel')
    group by made.contract_line_id, made.round_number, made.layer

),

-- a catch-up goes on from where its layer began
began as (

    select
        made.contract_line_id,
        made.round_number,
        earlier.progress_from,
        row_number() over (partition by made.contract_line_id, made.round_number order by earlier.round_number desc) as recency
    from made
    inner join made as earlier
        on made.contract_line_id = earlier.contract_line_id
        and made.round_number > earlier.round_number
        and earlier.layer = 'main'
        and earlier.progress_from is not null
    where made.change = 'catch_up'

),

shapes as (

    select
        contract_line_id, round_number, layer, spread_start, first_month, last_month, weight_unit, first_weight, last_weight,
        total_weight
    from (
        {{ ratable_shape(
            "(select contract_line_id, round_number, layer, spread_from as service_start, spread_to as service_end, recognition_convention as convention from made where recognition_method = 'ratable' and spread_from <= spread_to)"
        ) }}
    ) as shaped

),

final as (

    select
        made.accounting_contract_id,
        made.contract_line_id,
        made.round_number,
        made.layer,
        made.change,
        made.known_from,
        {{ add_days('ending.known_from', '-1') }} as known_until,
        ends.ended_in,
        made.from_date,
        case when made.change = 'cancel' then 'cancelled' else made.recognition_method end as recognition_method,
        coalesce(made.progress_from, began.progress_from, 0) as progress_from,
        made.whole,
        made.recognition_convention as convention,
        shapes.spread_start,
        case when shapes.spread_start is not null then made.spread_to end as spread_end,
        shapes.first_month,
        shapes.last_month,
        shapes.weight_unit,
        shapes.first_weight,
        shapes.last_weight,
        shapes.total_weight
    from made
    left join ends
        on made.contract_line_id = ends.contract_line_id
        and made.round_number = ends.round_number
        and made.layer = ends.layer
    left join {{ ref('modifications') }} as ending
        on made.accounting_contract_id = ending.accounting_contract_id
        and ends.ended_in = ending.round_number
    left join began
        on made.contract_line_id = began.contract_line_id and made.round_number = began.round_number and began.recency = 1
    left join shapes
        on made.contract_line_id = shapes.contract_line_id
        and made.round_number = shapes.round_number
        and made.layer = shapes.layer

)

select * from final

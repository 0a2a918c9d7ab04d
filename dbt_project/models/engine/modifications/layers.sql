-- Grain: contract line of a modified accounting contract × modification_number × layer.
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

    select * from {{ ref('modified_lines') }} where change not in ('money', 'share')

),

made as (

    select
        lines.accounting_contract_id, lines.contract_line_id, 0 as modification_number, 'main' as layer, 'signing' as change,
        lines.signed_date as known_from, {{ first_day() }} as from_date, lines.recognition_method,
        lines.recognition_convention, lines.start_date as spread_from, lines.end_date as spread_to,
        cast(0 as bigint) as progress_from,
        {{ whole_progress(
            'lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor', 'lines.return_scale'
        ) }} as whole
    from lines
    inner join modified on lines.accounting_contract_id = modified.accounting_contract_id
    where lines.amendment_id is null

    union all

    select
        accounting_contract_id, contract_line_id, modification_number, layer, change, known_from, from_date, recognition_method,
        recognition_convention, spread_from, spread_to, progress_from, whole
    from changes

),

ends as (

    select
        made.contract_line_id,
        made.modification_number,
        made.layer,
        min(changes.modification_number) as ended_in
    from made
    inner join changes
        on made.contract_line_id = changes.contract_line_id
        and made.modification_number < changes.modification_number
        and changes.change in ('pool', 'catch_up', 'cancel', 'estimate')
        and (made.layer = 'main' or changes.change != 'estimate')
    group by made.contract_line_id, made.modification_number, made.layer

),

-- a concession comes off the rest of the layer it finds, an estimate changes what it still earns
conceded as (

    select contract_line_id, modification_number, layer, found_in
    from (
        select
            made.contract_line_id,
            made.modification_number,
            made.layer,
            earlier.modification_number as found_in,
            row_number() over (partition by made.contract_line_id, made.modification_number order by earlier.modification_number desc) as recency
        from made
        inner join made as earlier
            on made.contract_line_id = earlier.contract_line_id
            and made.modification_number > earlier.modification_number
            and earlier.layer = 'main'
            and earlier.change != 'estimate'
        where made.change in ('concession', 'estimate')
    ) as found
    where recency = 1

),

-- a catch-up goes on from where its layer began
began as (

    select
        made.contract_line_id,
        made.modification_number,
        earlier.progress_from,
        row_number() over (partition by made.contract_line_id, made.modification_number order by earlier.modification_number desc) as recency
    from made
    inner join made as earlier
        on made.contract_line_id = earlier.contract_line_id
        and made.modification_number > earlier.modification_number
        and earlier.layer = 'main'
        and earlier.progress_from is not null
    where made.change in ('catch_up', 'estimate')

),

shapes as (

    select
        contract_line_id, modification_number, layer, spread_start, first_month, last_month, weight_unit, first_weight, last_weight,
        total_weight
    from (
        {{ ratable_shape(
            "(select contract_line_id, modification_number, layer, spread_from as service_start, spread_to as service_end, recognition_convention as convention from made where recognition_method = 'ratable' and spread_from <= spread_to)"
        ) }}
    ) as shaped

),

spread_out as (

    select
        made.contract_line_id,
        made.modification_number,
        made.layer,
        made.spread_to,
        shapes.spread_start,
        shapes.first_month,
        shapes.last_month,
        shapes.weight_unit,
        shapes.first_weight,
        shapes.last_weight,
        shapes.total_weight,
        made.recognition_convention as convention
    from made
    inner join shapes
        on made.contract_line_id = shapes.contract_line_id
        and made.modification_number = shapes.modification_number
        and made.layer = shapes.layer

),

skipped as (

    -- what had elapsed of the spread on the day before
    select
        contract_line_id,
        modification_number,
        layer,
        case
            when at_date < spread_start then 0
            when at_date >= spread_end or at_month > last_month then total_weight
            else elapsed_weight
        end as skipped_weight,
        case when at_date < spread_start or at_date >= spread_end or at_month > last_month then 1 else elapsed_unit end
            as skipped_unit
    from (
        {{ elapsed_at(
            "(select conceded.contract_line_id, conceded.modification_number, conceded.layer, " ~ read_on('lines', add_days('made.known_from', '-1'))
            ~ " as at_date, found.spread_start, found.spread_to as spread_end, found.first_month, found.last_month, "
            ~ "found.weight_unit, found.first_weight, found.last_weight, found.total_weight, found.convention "
            ~ "from conceded inner join made on conceded.contract_line_id = made.contract_line_id and made.change = 'concession' "
            ~ "and conceded.modification_number = made.modification_number and conceded.layer = made.layer "
            ~ "inner join lines on made.contract_line_id = lines.contract_line_id "
            ~ "inner join spread_out as found on conceded.contract_line_id = found.contract_line_id "
            ~ "and conceded.found_in = found.modification_number and found.layer = 'main')"
        ) }}
    ) as elapsed

),

final as (

    select
        made.accounting_contract_id,
        made.contract_line_id,
        made.modification_number,
        made.layer,
        made.change,
        made.known_from,
        {{ add_days('ending.known_from', '-1') }} as known_until,
        ends.ended_in,
        made.from_date,
        case when made.change = 'cancel' or found.change = 'cancel' then 'cancelled' else made.recognition_method end
            as recognition_method,
        case
            when made.change = 'concession' and lines.is_unpriced then 0
            when made.change = 'concession' and made.recognition_method = 'point_in_time' then least(
                made.progress_from, {{ whole_that_stays('found.whole', 'lines_then.stays', 'lines_then.scale') }}
            )
            else coalesce(made.progress_from, began.progress_from, 0)
        end as progress_from,
        -- an estimate and a concession are earned by all that the layer they find is earned by: of goods without what is
        -- expected back (of a drawdown by its money: layer_amounts)
        case
            when made.change = 'estimate' then found.whole
            when made.change = 'concession' and lines.is_unpriced then 0
            when made.change = 'concession' and made.recognition_method = 'point_in_time'
                then {{ whole_that_stays('found.whole', 'lines_then.stays', 'lines_then.scale') }}
            when made.change = 'concession' then found.whole
            else made.whole
        end as whole,
        made.recognition_convention as convention,
        shapes.spread_start,
        case when shapes.spread_start is not null then shapes.spread_to end as spread_end,
        shapes.first_month,
        shapes.last_month,
        shapes.weight_unit,
        shapes.first_weight,
        shapes.last_weight,
        shapes.total_weight,
        skipped.skipped_weight,
        skipped.skipped_unit
    from made
    left join ends
        on made.contract_line_id = ends.contract_line_id
        and made.modification_number = ends.modification_number
        and made.layer = ends.layer
    left join {{ ref('modifications') }} as ending
        on made.accounting_contract_id = ending.accounting_contract_id
        and ends.ended_in = ending.modification_number
    left join began
        on made.contract_line_id = began.contract_line_id and made.modification_number = began.modification_number and began.recency = 1
    left join conceded
        on made.contract_line_id = conceded.contract_line_id
        and made.modification_number = conceded.modification_number
        and made.layer = conceded.layer
    left join made as found
        on conceded.contract_line_id = found.contract_line_id
        and conceded.found_in = found.modification_number
        and found.layer = 'main'
    left join lines on made.contract_line_id = lines.contract_line_id
    left join {{ ref('lines_at_modifications') }} as lines_then
        on made.contract_line_id = lines_then.contract_line_id and made.modification_number = lines_then.modification_number
    left join spread_out as shapes
        on made.contract_line_id = shapes.contract_line_id
        and coalesce(conceded.found_in, made.modification_number) = shapes.modification_number
        and case when conceded.found_in is null then made.layer else 'main' end = shapes.layer
    left join skipped
        on made.contract_line_id = skipped.contract_line_id
        and made.modification_number = skipped.modification_number
        and made.layer = skipped.layer

)

select * from final

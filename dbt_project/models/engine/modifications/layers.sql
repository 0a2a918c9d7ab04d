-- Grain: contract line of a modified accounting contract × modification_number × layer.
-- Why: a line's terms are layers that are added up: what it was signed with (round 0), and what modifications made of it
-- (accounting.md §5). Here is when each counts and how it is earned; the shape of its term is in layer_spreads, its money
-- in layer_amounts. A later pool, catch-up or cancellation ends the layers it takes: ended_in is its round, known_until
-- the day before it counts. found_in: of a concession and an estimate the round that made the layer they find, found_on the day
-- at whose end they find it: an opening balance is of the end of its own day.

with lines as (

    select * from {{ ref('line_allocations') }}

),

modified as (

    select distinct accounting_contract_id from {{ ref('modifications') }}

),

changes as (

    select * from {{ ref('modified_lines') }} where change not in ('money', 'share', 'write_off')

),

made as (

    select
        lines.accounting_contract_id, lines.contract_line_id, 0 as modification_number, 'main' as layer, 'signing' as change,
        lines.signed_date as known_from, {{ first_day() }} as from_date, lines.recognition_method,
        lines.recognition_convention, lines.start_date as spread_from, lines.end_date as spread_to,
        cast(0 as bigint) as progress_from,
        {{ whole_progress(
            'lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor', 'lines.return_scale'
        ) }} as whole,
        cast(null as integer) as of_term,
        cast(null as date) as found_on
    from lines
    inner join modified on lines.accounting_contract_id = modified.accounting_contract_id
    where lines.amendment_id is null

    union all

    select
        accounting_contract_id, contract_line_id, modification_number, layer, change, known_from, from_date, recognition_method,
        recognition_convention, spread_from, spread_to, progress_from, whole, of_term,
        case when conceded_from = 'opening' then known_from else {{ add_days('known_from', '-1') }} end as found_on
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

    select
        contract_line_id,
        modification_number,
        layer,
        coalesce(of_term, found_in) as found_in,
        case when of_term is null then 'main' else 'term' end as found_layer
    from (
        select
            made.contract_line_id,
            made.modification_number,
            made.layer,
            made.of_term,
            earlier.modification_number as found_in,
            row_number() over (
                partition by made.contract_line_id, made.modification_number, made.layer order by earlier.modification_number desc
            ) as recency
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
        made.found_on,
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
        conceded.found_in,
        conceded.found_layer,
        made.recognition_convention as convention,
        made.spread_from,
        made.spread_to,
        {{ drawn_until('made.recognition_method', 'coalesce(made.spread_to, found.spread_to)') }} as drawn_until
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
        and conceded.found_layer = found.layer
    left join lines on made.contract_line_id = lines.contract_line_id
    left join {{ ref('lines_at_modifications') }} as lines_then
        on made.contract_line_id = lines_then.contract_line_id and made.modification_number = lines_then.modification_number

)

select * from final

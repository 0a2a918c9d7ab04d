{# Recognition by what happens (accounting.md §4), in two halves: how far a line has come, which knows no price, and
   what of its money that earns. Methods of time are in ratable.sql, what is earned as invoiced in
   models/engine/recognition/invoiced_amounts.sql. #}

{# How far lines have come, one row a day on which the measure changes, whatever the day of the signature:
     progress_date
     progress   cumulative: goods in millionths of a unit (delivered less returned, at most what of the deliveries is
                expected to stay; times scale), percent_complete in 10⁻¹² of the whole, milestone and usage in minor
                units and never below 0, drawdown too (more by what is expected never to be used), on_start 1
     whole      what all of it is, in the same unit: the quantity, 10¹², the stated amount, 1; for drawdown the money
                itself is the measure, and its whole is what is allocated (null)
     read_date  the day as of which the measure is read, for the end of a drawdown (is_ended)
     is_used_up nothing more is expected to be used: all is earned, whatever the measure says
     stays, scale       the part that is expected to stay, 1 and 1 where nothing is expected back
     delivered, kept    of goods: deliveries, and deliveries less returns, in millionths of a unit; kept of the others: what
                        is reached, before what is expected never to be used
     lines         relation with contract_line_id, recognition_method, quantity_millionths, amount_minor, exponent,
                   return_scale, start_date, earned_until
     fulfillments  relation of fulfillments
     returns       relation of expected_returns
     ends          relation with contract_line_id, end_date: every end that a drawdown has had #}
{% macro line_progress(lines, fulfillments, returns, ends) %}
    select
        days.contract_line_id,
        days.progress_date,
        case
            when days.is_goods
                then {{ units_that_stay('days.delivered', 'days.moved', 'coalesce(returns.stays, 1)', 'coalesce(returns.scale, 1)') }}
            when returns.stays > 0 then {{ prorate('greatest(days.moved, 0)', 'returns.scale', 'returns.stays') }}
            else greatest(days.moved, 0)
        end as progress,
        days.whole,
        days.read_date,
        coalesce(not days.is_goods and returns.stays = 0, false) as is_used_up,
        coalesce(returns.stays, 1) as stays,
        coalesce(returns.scale, 1) as scale,
        case when days.is_goods then days.delivered end as delivered,
        days.moved as kept
    from (
        select
            contract_line_id,
            progress_date,
            cast(sum(moved) over (
                partition by contract_line_id order by progress_date rows between unbounded preceding and current row
            ) as bigint) as moved,
            cast(sum(delivered) over (
                partition by contract_line_id order by progress_date rows between unbounded preceding and current row
            ) as bigint) as delivered,
            whole,
            is_goods,
            read_date
        from (
            select
                contract_line_id,
                progress_date,
                cast(sum(moved) as bigint) as moved,
                cast(sum(case when is_delivery then moved else 0 end) as bigint) as delivered,
                max(whole) as whole,
                bool_or(is_goods) as is_goods,
                max(read_date) as read_date
            from (
                select
                    lines.contract_line_id,
                    fulfillments.event_date as progress_date,
                    case fulfillments.kind
                        when 'delivery' then {{ to_millionths('fulfillments.quantity') }}
                        when 'return' then -{{ to_millionths('fulfillments.quantity') }}
                        else {{ to_minor('fulfillments.amount', 'lines.exponent') }}
                    end as moved,
                    fulfillments.kind = 'delivery' as is_delivery,
                    {{ whole_progress(
                        'lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor', 'lines.return_scale'
                    ) }} as whole,
                    lines.recognition_method = 'point_in_time' as is_goods,
                    fulfillments.event_date as read_date
                from {{ fulfillments }} as fulfillments
                inner join {{ lines }} as lines on fulfillments.contract_line_id = lines.contract_line_id
                where {{ still_earns('lines', 'fulfillments.event_date') }}
                    and (
                        lines.recognition_method = 'point_in_time' and fulfillments.kind in ('delivery', 'return')
                        or lines.recognition_method = 'milestone' and fulfillments.kind = 'milestone' and lines.amount_minor > 0
                        or lines.recognition_method in ('usage', 'drawdown') and fulfillments.kind = 'usage'
                    )

                union all

                -- a drawdown ends whether or not anything is used on that day
                select
                    lines.contract_line_id,
                    ends.end_date as progress_date,
                    cast(0 as bigint) as moved,
                    false as is_delivery,
                    cast(null as bigint) as whole,
                    false as is_goods,
                    ends.end_date as read_date
                from {{ lines }} as lines
                inner join {{ ends }} as ends on lines.contract_line_id = ends.contract_line_id
                where lines.recognition_method = 'drawdown' and {{ still_earns('lines', 'ends.end_date') }}

                union all

                -- what is expected back changes what was earned without anything that moves
                select
                    lines.contract_line_id,
                    returns.valid_from as progress_date,
                    cast(0 as bigint) as moved,
                    false as is_delivery,
                    {{ whole_progress(
                        'lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor', 'lines.return_scale'
                    ) }} as whole,
                    lines.recognition_method = 'point_in_time' as is_goods,
                    {{ read_on('lines', 'returns.valid_from') }} as read_date
                from {{ returns }} as returns
                inner join {{ lines }} as lines on returns.contract_line_id = lines.contract_line_id
                where returns.version_number > 1
            ) as events
            group by contract_line_id, progress_date
        ) as summed
    ) as days
    left join {{ returns }} as returns
        on days.contract_line_id = returns.contract_line_id
        and days.progress_date between returns.valid_from and returns.valid_to

    union all

    -- of several percentages of one day the one with the later key counts
    select
        contract_line_id,
        progress_date,
        progress,
        cast(1000000000000 as bigint) as whole,
        progress_date as read_date,
        false as is_used_up,
        cast(1 as bigint) as stays,
        cast(1 as bigint) as scale,
        cast(null as bigint) as delivered,
        cast(null as bigint) as kept
    from (
        select
            lines.contract_line_id,
            fulfillments.event_date as progress_date,
            case
                when fulfillments.percent_complete is not null then {{ prorate(
                    'cast(cast(fulfillments.percent_complete as decimal(25, 12)) * 1000000000000 as bigint)', '1', '100'
                ) }}
                else {{ prorate(
                    'cast(1000000000000 as bigint)',
                    to_thousandths('fulfillments.cost_to_date'),
                    to_thousandths('fulfillments.cost_at_completion')
                ) }}
            end as progress,
            row_number() over (
                partition by fulfillments.contract_line_id, fulfillments.event_date
                order by fulfillments.fulfillment_id desc
            ) as recency
        from {{ fulfillments }} as fulfillments
        inner join {{ lines }} as lines on fulfillments.contract_line_id = lines.contract_line_id
        where lines.recognition_method = 'percent_complete' and fulfillments.kind = 'progress'
            and {{ still_earns('lines', 'fulfillments.event_date') }}
    ) as percentages
    where recency = 1

    union all

    select
        contract_line_id,
        start_date as progress_date,
        cast(1 as bigint) as progress,
        cast(1 as bigint) as whole,
        start_date as read_date,
        false as is_used_up,
        cast(1 as bigint) as stays,
        cast(1 as bigint) as scale,
        cast(null as bigint) as delivered,
        cast(null as bigint) as kept
    from {{ lines }} as lines
    where recognition_method = 'on_start' and {{ still_earns('lines', 'lines.start_date') }}
{% endmacro %}

{# Units of goods that count, times scale: actual returns first use up what is expected back (accounting.md §6). #}
{% macro units_that_stay(delivered, kept, stays, scale) -%}
    cast(least({{ kept }} * {{ scale }}, {{ delivered }} * {{ stays }}) as bigint)
{%- endmacro %}

{# What of the whole is expected to stay: the measure that earns all that is contracted. #}
{% macro whole_that_stays(whole, stays, scale) -%}
    (case when {{ stays }} < {{ scale }} then {{ whole_quotient(whole, scale) }} * {{ stays }} else {{ whole }} end)
{%- endmacro %}

{# What of base + remainder of a layer of goods is contracted no more because it is expected back. #}
{% macro expected_back(remainder, base, start, whole, stays, scale) -%}
    (case
        when {{ stays }} < {{ scale }} then {{ base }} + {{ remainder }} - {{ earned_at(
            "'point_in_time'", remainder, base, start, whole_that_stays(whole, stays, scale), whole, 'false'
        ) }}
        else 0
    end)
{%- endmacro %}

{# What a row of line_progress earns on terms that hold since its measure stood at `start`: `base` was earned by then,
   `remainder` is earned from there to the whole. A measure that falls below its start takes back what was earned by
   then in proportion, unless it is still the whole or more (usage goes on beyond it). Of goods no more than what is expected to stay of the whole, where `is_share`: what comes off a
   price has a whole of its own. The only place where progress becomes money.
     progress  relation with progress, stays, scale and, unless another whole is given, whole
     is_ended  from then on all is earned, whatever the measure says #}
{% macro earned_by_progress(
    method, remainder, is_ended, base='cast(0 as bigint)', start='cast(0 as bigint)', progress='progress', whole=none, is_share='true'
) -%}
    {%- set whole = whole or progress ~ '.whole' -%}
    {{ earned_at(
        method, remainder, base, start,
        '(case when ' ~ method ~ " = 'point_in_time' and " ~ is_share ~ ' and ' ~ progress ~ '.stays < ' ~ progress ~ '.scale then least('
        ~ progress ~ '.progress, ' ~ whole_quotient(whole, progress ~ '.scale') ~ ' * ' ~ progress ~ '.stays) else '
        ~ progress ~ '.progress end)',
        whole, is_ended
    ) }}
{%- endmacro %}

{# Whether all is earned of a layer that is drawn down until a day (null: it is none), by a row of line_progress. #}
{% macro is_ended(progress, drawn_until) -%}
    ({{ progress }}.is_used_up or coalesce({{ progress }}.read_date >= {{ drawn_until }}, false))
{%- endmacro %}

{# The last day on which a line is drawn down; null where it is no drawdown. #}
{% macro drawn_until(method, end_date) -%}
    case when {{ method }} = 'drawdown' then {{ end_date }} end
{%- endmacro %}

{% macro earned_at(method, remainder, base, start, reached, whole, is_ended) -%}
    cast(case
        when {{ is_ended }} then {{ base }} + {{ remainder }}
        -- one for one, forwards and backwards
        when {{ method }} = 'drawdown' and {{ whole }} is null
            then case
                when {{ reached }} >= {{ start }} then {{ base }} + least({{ reached }} - {{ start }}, {{ remainder }})
                when {{ reached }} >= {{ start }} + {{ remainder }} then {{ base }} + {{ remainder }}
                else least({{ base }}, 0) + greatest(greatest({{ base }}, 0) + {{ reached }} - {{ start }}, 0)
            end
        when {{ reached }} >= {{ whole }} then {{ base }} + {{ remainder }}
        when {{ reached }} < {{ start }} and {{ start }} > 0
            then {{ prorate(base, 'greatest(' ~ reached ~ ', 0)', start) }}
        when {{ reached }} >= {{ start }}
            then {{ base }} + {{ prorate(
                remainder, '(' ~ reached ~ ' - ' ~ start ~ ')', '(' ~ whole ~ ' - ' ~ start ~ ')'
            ) }}
        else {{ base }}
    end as bigint)
{%- endmacro %}

{# All there is to do on a line, in the unit of its progress; null where the money itself is the measure. #}
{% macro whole_progress(method, quantity_millionths, amount_minor, return_scale) -%}
    cast(case {{ method }}
        when 'point_in_time' then {{ quantity_millionths }} * {{ return_scale }}
        when 'milestone' then {{ amount_minor }}
        when 'usage' then {{ amount_minor }}
        when 'percent_complete' then 1000000000000
        when 'on_start' then 1
    end as bigint)
{%- endmacro %}

{# Usage of usage and drawdown lines. Rows: contract_line_id, fulfillment_id, event_date, used_minor.
     lines  as for line_progress #}
{% macro usage_events(lines, fulfillments) %}
    select
        lines.contract_line_id,
        fulfillments.fulfillment_id,
        fulfillments.event_date,
        {{ to_minor('fulfillments.amount', 'lines.exponent') }} as used_minor
    from {{ fulfillments }} as fulfillments
    inner join {{ lines }} as lines on fulfillments.contract_line_id = lines.contract_line_id
    where lines.recognition_method in ('usage', 'drawdown') and fulfillments.kind = 'usage'
        and {{ still_earns('lines', 'fulfillments.event_date') }}
{% endmacro %}

{# What usage to date is worth beyond the amount that it draws on: above the stated amount of a usage line in a group (0
   without one), above the allocated amount or after the end of a drawdown. Cumulative, it is never below 0. #}
{% macro used_above(method, used, used_by_end, drawn_on) -%}
    cast(greatest(
        case {{ method }}
            when 'usage' then {{ used }} - {{ drawn_on }}
            else greatest({{ used_by_end }} - greatest({{ drawn_on }}, 0), 0) + greatest({{ used }}, 0) - greatest({{ used_by_end }}, 0)
        end, 0
    ) as bigint)
{%- endmacro %}

{# What the usage of lines draws on as they were signed, for usage_amounts: the stated amount of a usage line in a group, the
   allocated amount of a drawdown. #}
{% macro drawn_on_as_signed(lines) %}
    select
        contract_line_id,
        recognition_method,
        0 as modification_number,
        {{ first_day() }} as valid_from,
        case recognition_method when 'usage' then amount_minor else allocated_minor end as drawn_on_minor,
        {{ drawn_until('recognition_method', 'end_date') }} as drawn_until,
        cast(0 as bigint) as carried_minor
    from {{ lines }} as lines
    where recognition_method in ('usage', 'drawdown')
{% endmacro %}

{# What usage adds to a line beyond the amount that it draws on, by what changes it: a usage event, or a modification of
   that amount (of one day the modifications come first). It is contracted as it is earned. Rows: contract_line_id,
   fulfillment_id or modification_number, event_date, amount_minor (the change).
     usage    relation of usage_events rows
     amounts  relation with contract_line_id, recognition_method, modification_number, valid_from, drawn_on_minor (what usage
              draws on from that day), drawn_until (its last day; null: it has none), carried_minor (what was used beyond
              earlier ones), one row from the first day on #}
{% macro usage_amounts(usage, amounts) %}
    select
        contract_line_id,
        fulfillment_id,
        modification_number,
        event_date,
        above_minor - lag(above_minor, 1, 0) over (
            partition by contract_line_id order by event_date, is_usage, modification_number, fulfillment_id
        ) as amount_minor
    from (
        select
            used.contract_line_id,
            used.fulfillment_id,
            used.modification_number,
            used.event_date,
            used.is_usage,
            {{ used_above(
                'amounts.recognition_method', 'used.used_minor',
                'case when used.event_date > amounts.drawn_until then coalesce(through_end.used_minor, 0) else used.used_minor end',
                'amounts.drawn_on_minor'
            ) }} + amounts.carried_minor as above_minor
        from (
            select
                contract_line_id,
                fulfillment_id,
                modification_number,
                event_date,
                is_usage,
                cast(sum(used_minor) over in_order as bigint) as used_minor,
                sum(1 - is_usage) over in_order as place
            from (
                select
                    contract_line_id, fulfillment_id, cast(null as integer) as modification_number, event_date, 1 as is_usage,
                    used_minor
                from {{ usage }} as usage_events

                union all

                select
                    contract_line_id, null as fulfillment_id, modification_number, valid_from as event_date, 0 as is_usage,
                    0 as used_minor
                from {{ amounts }} as changes
            ) as changes
            window in_order as (
                partition by contract_line_id order by event_date, is_usage, modification_number, fulfillment_id
                rows between unbounded preceding and current row
            )
        ) as used
        inner join (
            select
                given.*,
                row_number() over (partition by contract_line_id order by valid_from, modification_number) as place
            from {{ amounts }} as given
        ) as amounts
            on used.contract_line_id = amounts.contract_line_id and used.place = amounts.place
        left join (
            select ends.contract_line_id, ends.drawn_until, cast(sum(by_then.used_minor) as bigint) as used_minor
            from (select distinct contract_line_id, drawn_until from {{ amounts }} as given) as ends
            inner join {{ usage }} as by_then
                on ends.contract_line_id = by_then.contract_line_id and by_then.event_date <= ends.drawn_until
            group by ends.contract_line_id, ends.drawn_until
        ) as through_end
            on amounts.contract_line_id = through_end.contract_line_id and amounts.drawn_until = through_end.drawn_until
    ) as counted
{% endmacro %}

{# Cumulative revenue of lines that are earned by what happens, from each day on which it changes, whatever the day of
   the signature.
     lines     relation with contract_line_id, recognition_method, allocated_minor, end_date
     progress  relation of line_progress rows
     usage     relation of usage_amounts rows #}
{% macro recognition_steps(lines, progress, usage) %}
    select
        progress.contract_line_id,
        progress.progress_date as step_date,
        {{ earned_by_progress('lines.recognition_method', 'lines.allocated_minor', 'progress.is_used_up') }} as recognized_minor
    from {{ progress }} as progress
    inner join {{ lines }} as lines on progress.contract_line_id = lines.contract_line_id
    where lines.recognition_method not in ('usage', 'drawdown')

    union all

    select
        progress.contract_line_id,
        progress.progress_date as step_date,
        {{ earned_by_progress(
            'lines.recognition_method', 'lines.allocated_minor',
            is_ended('progress', drawn_until('lines.recognition_method', 'lines.end_date'))
        ) }}
        + cast(coalesce(sum(above.amount_minor) over (
            partition by progress.contract_line_id order by progress.progress_date
            rows between unbounded preceding and current row
        ), 0) as bigint) as recognized_minor
    from {{ progress }} as progress
    inner join {{ lines }} as lines on progress.contract_line_id = lines.contract_line_id
    left join (
        select contract_line_id, event_date, cast(sum(amount_minor) as bigint) as amount_minor
        from {{ usage }} as usage
        group by contract_line_id, event_date
    ) as above
        on progress.contract_line_id = above.contract_line_id and progress.progress_date = above.event_date
    where lines.recognition_method in ('usage', 'drawdown')
{% endmacro %}

{# Methods of which nobody knows the day on which what is open will be earned (accounting.md §7): a usage line has
   something open only where a group shares its price with it. #}
{% macro undated_methods() -%}
    ('point_in_time', 'percent_complete', 'milestone', 'usage')
{%- endmacro %}

{# Methods that the refund liability knows nothing of: what is contracted follows what is earned (accounting.md §6). #}
{% macro methods_without_refund_liability() -%}
    ('usage', 'as_invoiced')
{%- endmacro %}

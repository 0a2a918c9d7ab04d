{# What is earned by progress (accounting.md §4, §5): base, what was earned when the stretch began, and of the remainder
   the part of progress_from..whole that is done. Taken back below where it began (goods returned, a percentage that
   falls), what was earned falls in proportion. Nothing left to do: all of it. #}
{% macro earned_by_progress(base, remainder, progress, progress_from, whole) -%}
    (case
        when {{ whole }} is null then {{ base }} + {{ remainder }}
        when {{ progress }} < {{ progress_from }} then {{ prorate(base, progress, progress_from) }}
        when {{ whole }} <= {{ progress_from }} then {{ base }} + {{ remainder }}
        else {{ base }} + {{ prorate(
            remainder,
            '(least(' ~ progress ~ ', ' ~ whole ~ ') - ' ~ progress_from ~ ')',
            '(' ~ whole ~ ' - ' ~ progress_from ~ ')') }}
    end)
{%- endmacro %}

{# How far each line is, whatever its price (accounting.md §4), cumulative from each day on: goods delivered less returned in
   millionths of a unit, never below 0; 1 from the start on for on_start.
     lines         relation with contract_line_id, start_date, recognition_method
     fulfillments  relation of fulfillments #}
{% macro line_progress(lines, fulfillments) %}
    select
        contract_line_id,
        event_date as progress_date,
        cast(greatest(sum(moved_millionths) over (
            partition by contract_line_id order by event_date rows between unbounded preceding and current row
        ), 0) as bigint) as progress
    from (
        select
            fulfillments.contract_line_id,
            fulfillments.event_date,
            sum({{ to_millionths('fulfillments.quantity') }} * case fulfillments.kind when 'return' then -1 else 1 end)
                as moved_millionths
        from {{ fulfillments }} as fulfillments
        inner join {{ lines }} as lines on fulfillments.contract_line_id = lines.contract_line_id
        where fulfillments.kind in ('delivery', 'return') and lines.recognition_method = 'point_in_time'
        group by fulfillments.contract_line_id, fulfillments.event_date
    ) as moved

    union all

    select contract_line_id, start_date as progress_date, cast(1 as bigint) as progress
    from {{ lines }} as lines
    where recognition_method = 'on_start'
{% endmacro %}

{# All there is to do on a line, in the unit of its progress. #}
{% macro whole_progress(method, quantity_millionths, amount_minor) -%}
    cast(case {{ method }}
        when 'point_in_time' then {{ quantity_millionths }}
        when 'milestone' then {{ amount_minor }}
        when 'percent_complete' then 1000000000000
        when 'on_start' then 1
    end as bigint)
{%- endmacro %}

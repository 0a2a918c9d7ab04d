{# Recognition in steps (accounting.md §4): point_in_time earns what is delivered less what is returned, at most what
   was ordered; on_start earns all on the first day. Each row is the cumulative figure from that day on, whatever the
   day of the signature.
     lines         relation with contract_line_id, allocated_minor, quantity_millionths, start_date, recognition_method
     fulfillments  relation of fulfillments
   The whole rule is this macro. #}
{% macro recognition_steps(lines, fulfillments) %}
    select
        lines.contract_line_id,
        delivered.event_date as step_date,
        {{ prorate(
            'lines.allocated_minor',
            'greatest(least(delivered.delivered_millionths, lines.quantity_millionths), 0)',
            'lines.quantity_millionths'
        ) }} as recognized_minor
    from (
        select
            contract_line_id,
            event_date,
            cast(sum(moved_millionths) over (
                partition by contract_line_id order by event_date
                rows between unbounded preceding and current row
            ) as bigint) as delivered_millionths
        from (
            select
                contract_line_id,
                event_date,
                cast(sum({{ to_millionths('quantity') }} * case kind when 'return' then -1 else 1 end) as bigint)
                    as moved_millionths
            from {{ fulfillments }} as fulfillments
            where kind in ('delivery', 'return')
            group by contract_line_id, event_date
        ) as movements
    ) as delivered
    inner join {{ lines }} as lines on delivered.contract_line_id = lines.contract_line_id
    where lines.recognition_method = 'point_in_time'

    union all

    select
        contract_line_id,
        start_date as step_date,
        allocated_minor as recognized_minor
    from {{ lines }} as lines
    where recognition_method = 'on_start'
{% endmacro %}

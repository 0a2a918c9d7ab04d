-- Grain: row of audit.tie_outs.
-- Why: E2, contracted = recognized + backlog, per line and in total; and what is posted, cumulated, is what the
-- engine knows at the last day counted (held contracts: what was frozen); a line taken over opens with the figures given.

with by_line as (

    select
        period,
        entity_id || ' ' || currency as scope,
        contract_line_id as item,
        contracted as expected,
        recognized + backlog as actual
    from {{ ref('fct_backlog') }}

),

now_positions as (

    select 'contracted' as measure, dimensions.currency, sum(events.amount_minor) as amount_minor
    from {{ ref('events') }} as events
    inner join {{ ref('dimension_sets') }} as dimensions on events.dimension_id = dimensions.dimension_id
    where events.measure = 'contracted'
    group by dimensions.currency

    union all

    select 'recognized' as measure, dimensions.currency, sum(evaluated.recognized_minor) as amount_minor
    from (
        {{ recognized_at(
            '(select segments.*, context.cut_date as at_date from ' ~ ref('revenue_segments') ~ ' as segments cross join '
            ~ source('run', 'context') ~ ' as context where context.cut_date between segments.valid_from and segments.valid_to)'
        ) }}
    ) as evaluated
    inner join {{ ref('dimension_sets') }} as dimensions
        on evaluated.contract_line_id = dimensions.contract_line_id and dimensions.is_current_line
    group by dimensions.currency

    union all

    select 'contracted' as measure, currency, sum(contracted_minor) as amount_minor
    from {{ ref('held_lines') }}
    group by currency

    union all

    select 'recognized' as measure, currency, sum(recognized_minor) as amount_minor
    from {{ ref('held_lines') }}
    group by currency

),

by_currency as (

    select
        dimensions.currency,
        sum(movements.contracted_minor) as contracted_minor,
        sum(movements.recognized_minor) as recognized_minor
    from {{ ref('position_movements') }} as movements
    inner join {{ ref('dimension_sets') }} as dimensions on movements.dimension_id = dimensions.dimension_id
    group by dimensions.currency

),

posted_positions as (

    select 'contracted' as measure, currency, contracted_minor as amount_minor from by_currency
    union all
    select 'recognized' as measure, currency, recognized_minor as amount_minor from by_currency

),

in_total as (

    select
        'now = posted' as period,
        sides.currency as scope,
        sides.measure as item,
        {{ to_amount('sum(case when is_now then amount_minor else 0 end)', 'max(currencies.exponent)') }} as expected,
        {{ to_amount('sum(case when is_now then 0 else amount_minor end)', 'max(currencies.exponent)') }} as actual
    from (
        select *, true as is_now from now_positions
        union all
        select *, false as is_now from posted_positions
    ) as sides
    inner join {{ ref('exchange__currencies') }} as currencies on sides.currency = currencies.currency
    group by sides.measure, sides.currency

),

opened as (

    select
        'cut-over' as period,
        taken_over.currency as scope,
        taken_over.measure || ' of ' || taken_over.contract_line_id as item,
        {{ to_amount('taken_over.amount_minor', 'taken_over.exponent') }} as expected,
        {{ to_amount('coalesce(found.amount_minor, 0)', 'taken_over.exponent') }} as actual
    from (
        {% for measure in ['contracted', 'billed', 'recognized'] -%}
        select contract_line_id, currency, exponent, '{{ measure }}' as measure, {{ measure }}_minor as amount_minor
        from {{ ref('lines_taken_over') }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ) as taken_over
    left join (
        select dimensions.contract_line_id, events.measure, cast(sum(events.amount_minor) as bigint) as amount_minor
        from {{ ref('events') }} as events
        inner join {{ ref('dimension_sets') }} as dimensions on events.dimension_id = dimensions.dimension_id
        where events.event_type = 'opening'
        group by dimensions.contract_line_id, events.measure
    ) as found
        on taken_over.contract_line_id = found.contract_line_id and taken_over.measure = found.measure

),

compared as (

    select period, scope, item, expected, actual from by_line
    union all
    select * from in_total
    union all
    select * from opened

)

{{ tie_out('E2', 'compared', ['period', 'scope']) }}

-- Grain: contract line under its posted dimensions × open period at whose end it has backlog.
-- Why: how much of that is earned through 12, 24 and 36 calendar months after the period, and within a cancellable
-- contract's days of notice (accounting.md §7), by the terms known at the last day counted. What no day is known of is
-- earned on the line's expected date. Minor units; never beyond the backlog. Lines of a held contract carry what was
-- published of them.

{% set bands = ['12', '24', '36'] %}

with periods as (

    select
        period_index,
        cut_end,
        {% for band in bands -%}
        {{ months_after('end_date', band) }} as until_{{ band }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('periods') }}
    where is_open

),

segments as (

    select
        segments.*,
        case
            when segments.spread_minor = 0 then segments.valid_from
            else least(segments.valid_to, greatest(segments.spread_end, segments.valid_from))
        end as active_until
    from {{ ref('revenue_segments') }} as segments

),

-- the day from which on nothing is earned any more, and what is by then
ends as (

    select
        contract_line_id,
        max(active_until) as last_day,
        cast(sum(case when valid_to = cast('9999-12-31' as date) then base_minor + spread_minor else 0 end) as bigint) as total_minor
    from segments
    group by contract_line_id

),

lines as (

    select
        lines.contract_line_id,
        lines.expected_date,
        case when {{ is_cancellable('contracts') }} then coalesce(contracts.notice_days, 0) end as notice_days
    from {{ ref('dim_contract_line') }} as lines
    inner join {{ ref('dim_contract') }} as contracts on lines.contract_id = contracts.contract_id

),

positions as (

    select
        positions.dimension_id,
        positions.period_index,
        dimensions.contract_line_id,
        positions.backlog_minor,
        positions.recognized_minor
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    left join {{ ref('held_lines') }} as held on dimensions.contract_line_id = held.contract_line_id
    where positions.backlog_minor != 0 and held.contract_line_id is null

),

dated as (

    select
        positions.*,
        periods.cut_end,
        {% for band in bands -%}
        periods.until_{{ band }},
        {% endfor -%}
        {{ add_days('periods.cut_end', 'lines.notice_days') }} as until_notice,
        greatest(coalesce(lines.expected_date, periods.cut_end), {{ add_days('periods.cut_end', '1') }}) as expected_date,
        ends.last_day,
        coalesce(ends.total_minor, positions.recognized_minor) as total_minor
    from positions
    inner join periods on positions.period_index = periods.period_index
    left join ends on positions.contract_line_id = ends.contract_line_id
    left join lines on positions.contract_line_id = lines.contract_line_id

),

-- most lines have earned all there is by the first of these days
asked as (

    {% for band in bands + ['notice'] -%}
    select dimension_id, period_index, contract_line_id, '{{ band }}' as band, until_{{ band }} as at_date
    from dated
    where until_{{ band }} < last_day
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

in_force as (

    select segments.*, asked.dimension_id, asked.period_index, asked.band, asked.at_date
    from asked
    inner join segments
        on asked.contract_line_id = segments.contract_line_id
        and asked.at_date between segments.valid_from and segments.valid_to

),

evaluated as (

    select
        dimension_id,
        period_index,
        {% for band in bands + ['notice'] -%}
        cast(sum(case when band = '{{ band }}' then recognized_minor else 0 end) as bigint) as earned_{{ band }}{{ ',' if not loop.last }}
        {% endfor %}
    from ( {{ recognized_at('in_force') }} ) as recognized
    group by dimension_id, period_index

),

earned as (

    select
        dated.*,
        {% for band in bands + ['notice'] -%}
        case
            when dated.until_{{ band }} < dated.last_day then coalesce(evaluated.earned_{{ band }}, 0)
            when dated.until_{{ band }} is not null then dated.total_minor
        end as earned_{{ band }}{{ ',' if not loop.last }}
        {% endfor %}
    from dated
    left join evaluated
        on dated.dimension_id = evaluated.dimension_id and dated.period_index = evaluated.period_index

),

-- cancelled later or amended since, terms may earn more than the period's backlog, or less
scheduled as (

    select
        earned.*,
        backlog_minor - {{ between_zero_and('total_minor - recognized_minor', 'backlog_minor') }} as undated_minor
    from earned

),

carried as (

    select
        positions.dimension_id,
        positions.period_index,
        positions.backlog_minor,
        published.rpo + published.rpo_exempt as kept,
        published.backlog_12m as through_12,
        published.backlog_12m + published.backlog_24m as through_24,
        published.backlog_12m + published.backlog_24m + published.backlog_36m as through_36,
        dimensions.exponent
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    inner join {{ ref('held_lines') }} as held on dimensions.contract_line_id = held.contract_line_id
    inner join {{ source('frozen', 'fct_backlog') }} as published
        on dimensions.contract_line_id = published.contract_line_id
        and dimensions.contract_id = published.contract_id
        and dimensions.customer_id = published.customer_id
        and dimensions.entity_id = published.entity_id
        and dimensions.product_id = published.product_id
        and dimensions.currency = published.currency
    where positions.backlog_minor != 0

)

select
    dimension_id,
    period_index,
    {% for band in bands + ['notice'] -%}
    {{ between_zero_and('earned_' ~ band ~ ' - recognized_minor', 'backlog_minor') }}
    + case when expected_date <= until_{{ band }} then undated_minor else 0 end as through_{{ band }}_minor{{ ',' if not loop.last }}
    {% endfor %}
from scheduled

union all

-- a month that was published before there were bands says nothing of them
select
    dimension_id,
    period_index,
    {% for band in bands -%}
    coalesce({{ to_minor('through_' ~ band, 'exponent') }}, backlog_minor) as through_{{ band }}_minor,
    {% endfor -%}
    {{ to_minor('kept', 'exponent') }} as through_notice_minor
from carried

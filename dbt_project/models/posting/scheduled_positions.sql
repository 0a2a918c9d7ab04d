-- Grain: contract line under its posted dimensions × open period at whose end some of it is contracted or invoiced and
-- still to be earned.
-- Why: how much of that is earned through 12, 24 and 36 calendar months after the period, and within a cancellable
-- contract's days of notice (accounting.md §7), by the terms known at the last day counted. What no day is known of is
-- earned on the line's expected date. Minor units; never beyond the backlog, which what is recognized as invoiced has none of.

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
    from {{ ref('marts__revenue_segments') }} as segments

),

-- the day from which on nothing is earned any more, and what is by then
ends as (

    select
        contract_line_id,
        min(valid_from) as first_day,
        max(active_until) as last_day,
        cast(sum(case when valid_to = cast('9999-12-31' as date) then base_minor + spread_minor else 0 end) as bigint) as total_minor
    from segments
    group by contract_line_id

),

lines as (

    select
        lines.contract_line_id,
        lines.method,
        coalesce(lines.end_date, lines.promised_date, contracts.end_date) as expected_date,
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
        positions.recognized_minor,
        false as is_invoiced
    from {{ ref('line_positions') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
    where positions.backlog_minor != 0

    union all

    -- what is recognized as invoiced has no backlog, but may be billed in advance; what it has earned is evaluated below
    select
        dimensions.dimension_id,
        periods.period_index,
        dimensions.contract_line_id,
        cast(0 as bigint) as backlog_minor,
        cast(0 as bigint) as recognized_minor,
        true as is_invoiced
    from {{ ref('dimension_sets') }} as dimensions
    inner join lines on dimensions.contract_line_id = lines.contract_line_id and lines.method = 'as_invoiced'
    inner join ends on dimensions.contract_line_id = ends.contract_line_id
    inner join periods on ends.first_day <= periods.cut_end and ends.last_day > periods.cut_end
    where dimensions.is_current_line

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
    union all
    {% endfor -%}
    select dimension_id, period_index, contract_line_id, 'now' as band, cut_end as at_date
    from dated
    where is_invoiced

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
        {% for band in bands + ['notice', 'now'] -%}
        cast(sum(case when band = '{{ band }}' then recognized_minor else 0 end) as bigint) as earned_{{ band }}{{ ',' if not loop.last }}
        {% endfor %}
    from ( {{ recognized_at('in_force') }} ) as recognized
    group by dimension_id, period_index

),

earned as (

    select
        dated.*,
        dated.recognized_minor + coalesce(evaluated.earned_now, 0) as earned_now,
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
        backlog_minor - {{ between_zero_and('total_minor - earned_now', 'backlog_minor') }} as undated_minor
    from earned

)

select
    dimension_id,
    period_index,
    backlog_minor,
    {% for band in bands + ['notice'] -%}
    case
        when is_invoiced then earned_{{ band }} - earned_now
        else {{ between_zero_and('earned_' ~ band ~ ' - earned_now', 'backlog_minor') }}
            + case when expected_date <= until_{{ band }} then undated_minor else 0 end
    end as through_{{ band }}_minor{{ ',' if not loop.last }}
    {% endfor %}
from scheduled

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

dated as (

    select
        positions.dimension_id,
        positions.period_index,
        positions.backlog_minor,
        positions.recognized_minor,
        periods.cut_end,
        {% for band in bands -%}
        periods.until_{{ band }},
        {% endfor -%}
        {{ add_days('periods.cut_end', 'horizons.notice_days') }} as until_notice,
        greatest(coalesce(horizons.expected_date, periods.cut_end), {{ add_days('periods.cut_end', '1') }}) as expected_date,
        horizons.last_day,
        coalesce(horizons.total_minor, positions.recognized_minor) as total_minor
    from {{ ref('line_positions') }} as positions
    inner join periods on positions.period_index = periods.period_index
    inner join {{ ref('line_horizons') }} as horizons on positions.dimension_id = horizons.dimension_id
    where positions.backlog_minor != 0 and not horizons.is_held

),

-- most lines have earned all there is by the first of these days
asked as (

    select dimension_id, period_index, band, at_date
    from (
        select
            dated.dimension_id,
            dated.period_index,
            dated.last_day,
            bands.band,
            case bands.band
                when '12' then dated.until_12
                when '24' then dated.until_24
                when '36' then dated.until_36
                else dated.until_notice
            end as at_date
        from dated
        cross join (values ('12'), ('24'), ('36'), ('notice')) as bands (band)
        where least(dated.until_12, coalesce(dated.until_notice, dated.until_12)) < dated.last_day
    ) as days
    where at_date < last_day

),

in_force as (

    select segments.*, asked.dimension_id, asked.period_index, asked.band, asked.at_date
    from asked
    inner join {{ ref('line_horizons') }} as horizons on asked.dimension_id = horizons.dimension_id
    inner join {{ ref('revenue_segments') }} as segments
        on horizons.contract_line_id = segments.contract_line_id
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

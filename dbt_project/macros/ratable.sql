{# Ratable recognition (accounting.md §4): the shape of a spread over [service_start, service_end] by its
   convention, and what of it has elapsed at a date. A term with days that weigh nothing (§5 suspend) is several
   stretches of service, each with a shape of its own, over which one amount is spread. #}

{# Relation with service_start, service_end, convention (all not null) -> the same rows with the shape:
     spread_start          first day that earns (mid_month may move it)
     first_month, last_month   months that weigh, as month indexes
     weight_unit           weight of a whole month; first_weight, last_weight, total_weight in the same unit
   For `daily` the unit is the day and total_weight is the number of days. #}
{% macro ratable_shape(relation) %}
    select
        shaped.*,
        {{ weight_of_stretch('service_end') }} as total_weight
    from (
        select
            weighed.*,
            -- the last partial month of n whole months weighs n minus all before it
            case
                when convention = 'monthly' and whole_months is not null
                    then whole_months * weight_unit - first_weight - (last_month - first_month - 1) * weight_unit
                when convention = 'monthly' then last_days * first_month_days
                when convention = 'half_month' and last_days < last_month_days then 1
                else weight_unit
            end as last_weight
        from (
            select
                measured.*,
                case
                    when convention = 'monthly' and whole_months is not null then first_month_days
                    when convention = 'monthly' then first_month_days * last_month_days
                    when convention = 'half_month' then 2
                    else 1
                end as weight_unit,
                case
                    when convention = 'monthly' and whole_months is not null then first_days
                    when convention = 'monthly' then first_days * last_month_days
                    when convention = 'half_month' and first_days = first_month_days then 2
                    else 1
                end as first_weight
            from (
                select
                    moved.*,
                    {{ month_index('spread_start') }} as first_month,
                    -- full_month and mid_month: n = the smallest number of months with start + n months > end
                    case
                        when convention in ('full_month', 'mid_month')
                            and {{ add_months('spread_start', month_index('service_end') ~ ' - ' ~ month_index('spread_start')) }}
                            > service_end
                            then {{ month_index('service_end') }} - 1
                        when convention = 'mid_month' and falls_in_first_month then {{ month_index('spread_start') }}
                        else {{ month_index('service_end') }}
                    end as last_month,
                    {{ days_between('spread_start', 'least(service_end, last_day(spread_start))') }} + 1 as first_days,
                    cast(day(service_end) as bigint) as last_days,
                    cast({{ days_in_month('spread_start') }} as bigint) as first_month_days,
                    cast({{ days_in_month('service_end') }} as bigint) as last_month_days,
                    case
                        when {{ add_months('service_start', 'months_to_end') }} = {{ add_days('service_end', 1) }}
                            then months_to_end
                    end as whole_months
                from (
                    select
                        source.*,
                        case
                            when source.convention = 'mid_month' and day(source.service_start) > 15
                                and {{ add_days('last_day(source.service_start)', 1) }} <= source.service_end
                                then {{ add_days('last_day(source.service_start)', 1) }}
                            else source.service_start
                        end as spread_start,
                        source.convention = 'mid_month' and day(source.service_start) > 15
                        and {{ add_days('last_day(source.service_start)', 1) }} > source.service_end
                            as falls_in_first_month,
                        nullif({{ month_index(add_days('source.service_end', 1)) }} - {{ month_index('source.service_start') }}, 0)
                            as months_to_end
                    from {{ relation }} as source
                ) as moved
            ) as measured
        ) as weighed
    ) as shaped
{% endmacro %}

{# The columns of a shape, as layers, segments and the published schedule have them. #}
{% macro spread_columns() -%}
    {{ return([
        'convention', 'spread_start', 'spread_end', 'first_month', 'last_month', 'weight_unit', 'first_weight', 'last_weight',
        'total_weight', 'skipped_weight', 'skipped_unit',
    ]) }}
{%- endmacro %}

{# What a stretch weighs in all, of its shape. #}
{% macro weight_of_stretch(service_end) -%}
    case
            when convention = 'daily' then {{ days_between('spread_start', service_end) }} + 1
            when last_month = first_month then first_weight
            else first_weight + (last_month - first_month - 1) * weight_unit + last_weight
        end
{%- endmacro %}

{# Weights of `monthly` stretches in one unit, so that they can be added: 377,580 is a multiple of 28, 29, 30 and 31, and
   so of what a day of any month weighs. Those of other conventions have one unit as they are. #}
{% macro in_common_unit(weight, weight_unit, convention) -%}
    case when {{ convention }} = 'monthly' then {{ whole_quotient('(' ~ weight ~ ') * 377580', weight_unit) }} else {{ weight }} end
{%- endmacro %}

{# Relation with contract_line_id, modification_number, `columns` and a term service_start..service_end -> a row for each
   stretch of service of the term: days of the line's suspensions, as that round finds them, are none of it.
   stretch_number is 1 where there are none. #}
{% macro stretches_of(relation, columns) %}
    select
        terms.contract_line_id,
        terms.modification_number,
        {%- for column in columns %}
        terms.{{ column }},
        {%- endfor %}
        coalesce(served.stretch_number, 1) as stretch_number,
        greatest(terms.service_start, served.served_from) as service_start,
        least(terms.service_end, served.served_until) as service_end
    from {{ relation }} as terms
    left join {{ ref('service_stretches') }} as served
        on terms.contract_line_id = served.contract_line_id and terms.modification_number = served.modification_number
    where served.contract_line_id is null
        or terms.service_start <= served.served_until and terms.service_end >= served.served_from
{% endmacro %}

{# Relation of stretches with `keys` and convention -> a row by keys with what they weigh together, total_weight in
   weight_unit. #}
{% macro weight_of_stretches(relation, keys) %}
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        case
            when count(*) = 1 then max(total_weight)
            else cast(sum({{ in_common_unit('total_weight', 'weight_unit', 'convention') }}) as bigint)
        end as total_weight,
        case when count(*) = 1 then max(weight_unit) else max({{ in_common_unit('weight_unit', 'weight_unit', 'convention') }}) end
            as weight_unit
    from ( {{ ratable_shape(relation) }} ) as shaped
    group by {{ keys | join(', ') }}
{% endmacro %}

{# Relation of spreads with a date `at_date` -> the same rows with elapsed_weight ÷ elapsed_unit: the weight of the days
   of service through it, in the spread's unit. A month's weight accrues evenly over its days of service. #}
{% macro elapsed_at(relation) %}
    select
        dated.*,
        case
            when at_date < spread_start then 0
            when at_date >= spread_end or at_month > last_month then {{ weight_of_stretch('spread_end') }}
            when convention = 'daily' then {{ days_between('spread_start', 'at_date') }} + 1
            else
                case when at_month = first_month then 0 else first_weight + (at_month - first_month - 1) * weight_unit end
                * month_service_days
                + case when at_month = first_month then first_weight when at_month = last_month then last_weight
                    else weight_unit end
                * ({{ days_between('month_service_start', 'at_date') }} + 1)
        end as elapsed_weight,
        case
            when convention = 'daily' or at_date < spread_start or at_date >= spread_end or at_month > last_month then 1
            else month_service_days
        end as elapsed_unit
    from (
        select
            source.*,
            {{ month_index('source.at_date') }} as at_month,
            greatest(source.spread_start, {{ first_of_month('source.at_date') }}) as month_service_start,
            {{ days_between('greatest(source.spread_start, ' ~ first_of_month('source.at_date') ~ ')',
                            'least(source.spread_end, last_day(source.at_date))') }} + 1 as month_service_days
        from {{ relation }} as source
    ) as dated
{% endmacro %}

{# Relation of revenue segments with a date `at_date` -> the same rows with recognized_minor: what the segment has
   earned by the end of that day. total_weight is what is left from its stretch on; skipped_weight ÷ skipped_unit, null
   for none, is what had elapsed of the spread when a concession came off what is left of it, less what the stretches
   before weigh. #}
{% macro recognized_at(relation) %}
    select
        elapsed.*,
        base_minor + case
            when spread_minor = 0 or at_date < spread_start and skipped_unit is null then 0
            when elapsed_weight = total_weight * elapsed_unit then spread_minor
            when skipped_unit is null then {{ prorate('spread_minor', 'elapsed_weight', '(total_weight * elapsed_unit)') }}
            else {{ prorate(
                'spread_minor', '(elapsed_weight * skipped_unit - skipped_weight * elapsed_unit)',
                '((total_weight * skipped_unit - skipped_weight) * elapsed_unit)') }}
        end as recognized_minor
    from (
        {{ elapsed_at(relation) }}
    ) as elapsed
{% endmacro %}

{# The spread columns of a segment that earns nothing more by time. #}
{% macro no_spread() %}
        cast(0 as bigint) as spread_minor,
        cast(null as {{ dbt.type_string() }}) as convention,
        cast(null as date) as spread_start,
        cast(null as date) as spread_end,
        cast(null as integer) as first_month,
        cast(null as integer) as last_month,
        cast(null as bigint) as weight_unit,
        cast(null as bigint) as first_weight,
        cast(null as bigint) as last_weight,
        cast(null as bigint) as total_weight,
        cast(null as bigint) as skipped_weight,
        cast(null as bigint) as skipped_unit
{%- endmacro %}

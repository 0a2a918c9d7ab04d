-- Grain: contract line under its posted dimensions × open period, while contracted ≠ recognized and the period
-- in which it reaches 0; of what is recognized as invoiced, while it states more than it has earned.
-- Why: cumulative positions of a line at each period end, in minor units.

with movements as (

    select movements.*
    from {{ ref('position_movements') }} as movements
    inner join {{ ref('dimension_sets') }} as dimensions on movements.dimension_id = dimensions.dimension_id
    where dimensions.contract_line_id != '(not linked)'

),

open_periods as (

    select period_index, cut_end from {{ ref('periods') }} where is_open

),

remaining as (

    select
        remainders.dimension_id,
        min(open_periods.period_index) as first_index,
        max(open_periods.period_index) as last_index
    from {{ ref('invoiced_remainders') }} as remainders
    inner join open_periods
        on remainders.signed_date <= open_periods.cut_end and remainders.measured_until > open_periods.cut_end
    group by remainders.dimension_id

),

moved as (

    -- months are filled in only as long as something is open: to the last movement that left the backlog 0
    select
        dimension_id,
        min(period_index) as first_index,
        case
            when sum(contracted_minor) != sum(recognized_minor) then 2147483647
            else max(period_index)
        end as last_index
    from movements
    group by dimension_id

),

spans as (

    select
        coalesce(moved.dimension_id, remaining.dimension_id) as dimension_id,
        least(coalesce(moved.first_index, remaining.first_index), coalesce(remaining.first_index, moved.first_index)) as first_index,
        greatest(coalesce(moved.last_index, remaining.last_index), coalesce(remaining.last_index, moved.last_index)) as last_index
    from moved
    full outer join remaining on moved.dimension_id = remaining.dimension_id

),

filled as (

    select spans.dimension_id, open_periods.period_index
    from spans
    inner join open_periods on open_periods.period_index between spans.first_index and spans.last_index

),

cumulated as (

    select
        dimension_id,
        period_index,
        {% for measure in ['contracted', 'billed', 'recognized'] -%}
        cast(sum({{ measure }}_minor) over (
            partition by dimension_id order by period_index rows between unbounded preceding and current row
        ) as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            coalesce(filled.dimension_id, movements.dimension_id) as dimension_id,
            coalesce(filled.period_index, movements.period_index) as period_index,
            coalesce(movements.contracted_minor, 0) as contracted_minor,
            coalesce(movements.billed_minor, 0) as billed_minor,
            coalesce(movements.recognized_minor, 0) as recognized_minor
        from filled
        full outer join movements
            on filled.dimension_id = movements.dimension_id and filled.period_index = movements.period_index
    ) as dense

),

compared as (

    select
        cumulated.*,
        contracted_minor - recognized_minor as backlog_minor,
        lag(contracted_minor - recognized_minor, 1, 0) over (partition by dimension_id order by period_index)
            as backlog_before_minor
    from cumulated

),

moved_to as (

    -- a line that moved to other dimensions, with those it had before
    select current_set.dimension_id, earlier.dimension_id as earlier_id
    from {{ ref('dimension_sets') }} as current_set
    inner join {{ ref('dimension_sets') }} as earlier
        on current_set.contract_line_id = earlier.contract_line_id
        and current_set.dimension_id != earlier.dimension_id
    where current_set.is_current_line

),

ended_elsewhere as (

    -- its backlog may reach 0 in the period it moves: the line is told under the dimensions it has now as well
    select distinct moved_to.dimension_id, compared.period_index
    from compared
    inner join moved_to on compared.dimension_id = moved_to.earlier_id
    where compared.backlog_minor = 0 and compared.backlog_before_minor != 0

)

select
    compared.dimension_id,
    compared.period_index,
    compared.contracted_minor,
    compared.billed_minor,
    compared.recognized_minor,
    compared.backlog_minor,
    coalesce(case
        when compared.backlog_minor = 0
            and remainders.signed_date <= open_periods.cut_end and remainders.measured_until > open_periods.cut_end
            then greatest(remainders.stated_minor - compared.recognized_minor, 0)
    end, 0) as remainder_minor
from compared
inner join open_periods on compared.period_index = open_periods.period_index
left join ended_elsewhere
    on compared.dimension_id = ended_elsewhere.dimension_id and compared.period_index = ended_elsewhere.period_index
left join {{ ref('invoiced_remainders') }} as remainders on compared.dimension_id = remainders.dimension_id
where compared.backlog_minor != 0
    or compared.backlog_before_minor != 0
    or ended_elsewhere.dimension_id is not null
    or (
        remainders.signed_date <= open_periods.cut_end and remainders.measured_until > open_periods.cut_end
        and remainders.stated_minor > compared.recognized_minor
    )

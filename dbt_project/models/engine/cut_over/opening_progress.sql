-- Grain: line taken over that is earned by what happens, none of whose events by then are delivered.
-- Why: what happens later comes on top of what happened before, which is read back from what it earned: the same part of the
-- units, of the stated amount or of the whole. Of units and milestones the roundest that earns as much: 4 of 12 licences, and
-- not 3.999988. Columns as of a fulfillment; units in decimals, amounts in the contract's currency.

with lines as (

    select
        taken.contract_line_id,
        taken.recognition_method,
        case when taken.recognition_method = 'milestone' then taken.amount_minor else taken.quantity_millionths end as whole,
        taken.exponent,
        taken.as_of_date,
        taken.recognized_minor,
        abs(taken.recognized_minor) as earned_minor,
        abs(taken.contracted_minor) as contracted_minor
    from {{ ref('lines_taken_over') }} as taken
    where taken.recognition_method in ('point_in_time', 'percent_complete', 'milestone', 'usage', 'drawdown')
        and (
            taken.recognized_minor > 0 and taken.contracted_minor > 0
            or taken.recognized_minor < 0 and taken.contracted_minor < 0
        )
        and not exists (
            select 1
            from {{ ref('accepted__fulfillments') }} as fulfillments
            where fulfillments.contract_line_id = taken.contract_line_id and fulfillments.event_date <= taken.as_of_date
        )

),

-- rounded to whole units, tenths, … millionths of a unit; amounts to millions, … ones of the minor unit
candidates as (

    select
        lines.contract_line_id,
        units.place,
        lines.earned_minor,
        lines.contracted_minor,
        lines.whole,
        units.unit * {{ prorate(prorate('lines.whole', 'lines.earned_minor', 'lines.contracted_minor'), '1', 'units.unit') }} as reached
    from lines
    cross join (
        values (1, 1000000), (2, 100000), (3, 10000), (4, 1000), (5, 100), (6, 10), (7, 1)
    ) as units (place, unit)
    where lines.recognition_method in ('point_in_time', 'milestone') and lines.whole > 0

),

reached as (

    select contract_line_id, cast(reached as bigint) as reached
    from (
        select
            contract_line_id,
            reached,
            row_number() over (
                partition by contract_line_id
                order by case
                    when {{ prorate('contracted_minor', 'reached', 'whole') }} = earned_minor then place
                    else 16 - place
                end
            ) as preference
        from candidates
    ) as ordered
    where preference = 1

)

select
    'opening:' || lines.contract_line_id as fulfillment_id,
    lines.contract_line_id,
    lines.as_of_date as event_date,
    case lines.recognition_method
        when 'point_in_time' then 'delivery' when 'percent_complete' then 'progress' when 'milestone' then 'milestone' else 'usage'
    end as kind,
    case when lines.recognition_method = 'point_in_time' then {{ to_units('reached.reached') }} end as quantity,
    cast(null as decimal(15, 12)) as percent_complete,
    case when lines.recognition_method = 'percent_complete' then {{ to_amount('lines.earned_minor', 'lines.exponent') }} end
        as cost_to_date,
    case when lines.recognition_method = 'percent_complete' then {{ to_amount('lines.contracted_minor', 'lines.exponent') }} end
        as cost_at_completion,
    case
        when lines.recognition_method = 'milestone' then {{ to_amount('reached.reached', 'lines.exponent') }}
        when lines.recognition_method in ('usage', 'drawdown') then {{ to_amount('lines.recognized_minor', 'lines.exponent') }}
    end as amount
from lines
left join reached on lines.contract_line_id = reached.contract_line_id

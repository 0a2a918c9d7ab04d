-- Grain: balance × open period in which something is expected to be given back of its lines.
-- Why: the part of the refund liability that estimates tell (accounting.md §6), per line: billed before return credits ×
-- (expected returns + negative variable) ÷ stated amount, less the return credits so far; what credits used up of a
-- negative estimate counts as one. Figures are those of the period's last day.

with periods as (

    select periods.period_index, least(periods.end_date, context.cut_date) as end_date
    from {{ ref('periods') }} as periods
    cross join {{ source('run', 'context') }} as context
    where periods.is_open

),

versions as (

    select * from {{ ref('estimates_in_force') }}

),

lines as (

    select terms.*
    from {{ ref('line_allocations') }} as terms
    where terms.recognition_method not in {{ methods_without_refund_liability() }}
        and (
            terms.recognition_method = 'point_in_time'
            and terms.contract_line_id in (select contract_line_id from {{ ref('returns_in_force') }})
            or terms.contract_line_id in (select contract_line_id from versions where variable_minor < 0)
        )

),

line_periods as (

    select
        lines.contract_line_id,
        lines.recognition_method,
        lines.amount_minor as first_amount_minor,
        periods.period_index,
        periods.end_date
    from lines
    inner join periods on lines.signed_date <= periods.end_date

),

stated as (

    select contract_line_id, period_index, amount_minor
    from (
        select
            line_periods.contract_line_id,
            line_periods.period_index,
            terms.amount_minor,
            row_number() over (
                partition by line_periods.contract_line_id, line_periods.period_index order by terms.modification_number desc
            ) as recency
        from line_periods
        inner join {{ ref('amended_terms') }} as terms on line_periods.contract_line_id = terms.contract_line_id
        inner join {{ ref('modifications') }} as modifications
            on terms.accounting_contract_id = modifications.accounting_contract_id
            and terms.modification_number = modifications.modification_number
            and modifications.known_from <= line_periods.end_date
        -- an amendment that a cancellation came before changes nothing
        inner join {{ ref('lines_at_modifications') }} as lines_then
            on terms.contract_line_id = lines_then.contract_line_id
            and terms.modification_number = lines_then.modification_number
            and not lines_then.is_void
    ) as dated
    where recency = 1

),

variable as (

    select contract_line_id, period_index, variable_minor
    from (
        select
            line_periods.contract_line_id,
            line_periods.period_index,
            versions.variable_minor,
            row_number() over (
                partition by line_periods.contract_line_id, line_periods.period_index
                order by versions.estimate_date desc, versions.estimate_id desc
            ) as recency
        from line_periods
        inner join versions
            on line_periods.contract_line_id = versions.contract_line_id
            and (versions.estimate_id is null or versions.counts_from <= line_periods.end_date)
    ) as dated
    where recency = 1

),

credited as (

    select
        line_periods.contract_line_id,
        line_periods.period_index,
        cast(sum(
            concessions.used_minor + case when concessions.applies_to = 'return' then concessions.credit_minor else 0 end
        ) as bigint) as credited_minor
    from line_periods
    inner join {{ ref('concessions') }} as concessions
        on line_periods.contract_line_id = concessions.contract_line_id
        and concessions.known_from <= line_periods.end_date
    group by line_periods.contract_line_id, line_periods.period_index

),

billed as (

    select
        line_periods.contract_line_id,
        line_periods.period_index,
        dimensions.balance_id,
        cast(sum(movements.billed_minor) as bigint) as billed_minor
    from line_periods
    inner join {{ ref('dimension_sets') }} as dimensions on line_periods.contract_line_id = dimensions.contract_line_id
    inner join {{ ref('position_movements') }} as movements
        on dimensions.dimension_id = movements.dimension_id
        and movements.period_index <= line_periods.period_index
    group by line_periods.contract_line_id, line_periods.period_index, dimensions.balance_id

),

returned as (

    select line_periods.contract_line_id, line_periods.period_index, max(returns.version_number) as version_number
    from line_periods
    inner join {{ ref('returns_in_force') }} as returns
        on line_periods.contract_line_id = returns.contract_line_id
        and (returns.version_number = 1 or returns.counts_from <= line_periods.end_date)
    group by line_periods.contract_line_id, line_periods.period_index

),

terms as (

    select
        billed.balance_id,
        billed.period_index,
        coalesce(stated.amount_minor, line_periods.first_amount_minor) as stated_minor,
        billed.billed_minor + coalesce(credited.credited_minor, 0) as billed_minor,
        coalesce(credited.credited_minor, 0) as credited_minor,
        greatest(-coalesce(variable.variable_minor, 0), 0) as rebate_minor,
        case when line_periods.recognition_method = 'point_in_time' then coalesce(returns.scale - returns.stays, 0) else 0 end
            as returned_part,
        coalesce(returns.scale, 1) as scale
    from billed
    inner join line_periods
        on billed.contract_line_id = line_periods.contract_line_id and billed.period_index = line_periods.period_index
    left join stated
        on billed.contract_line_id = stated.contract_line_id and billed.period_index = stated.period_index
    left join variable
        on billed.contract_line_id = variable.contract_line_id and billed.period_index = variable.period_index
    left join credited
        on billed.contract_line_id = credited.contract_line_id and billed.period_index = credited.period_index
    left join returned
        on billed.contract_line_id = returned.contract_line_id and billed.period_index = returned.period_index
    left join {{ ref('returns_in_force') }} as returns
        on billed.contract_line_id = returns.contract_line_id and returned.version_number = returns.version_number

),

expected as (

    select
        terms.*,
        {{ prorate('stated_minor', 'returned_part', 'scale') }} + rebate_minor as expected_minor
    from terms
    where stated_minor != 0

),

final as (

    select
        balance_id,
        period_index,
        greatest(
            {{ prorate(
                'billed_minor', 'case when stated_minor < 0 then -expected_minor else expected_minor end', 'abs(stated_minor)'
            ) }} - credited_minor, 0
        ) as refund_minor
    from expected

)

select balance_id, period_index, cast(sum(refund_minor) as bigint) as refund_minor
from final
group by balance_id, period_index
having sum(refund_minor) > 0

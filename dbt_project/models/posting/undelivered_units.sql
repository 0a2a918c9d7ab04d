-- Grain: line of goods under its posted dimensions × open period at whose end it has backlog.
-- Why: backlog in quantities (accounting.md §10): ordered, with what amendments add from the day they hold, less delivered,
-- and returned again, by then. Millionths of a unit.

with moves as (

    select contract_line_id, quantity_millionths, counts_from as moved_on
    from {{ ref('line_allocations') }}
    where recognition_method = 'point_in_time' and quantity_millionths is not null

    union all

    select terms.contract_line_id, terms.quantity_delta_millionths as quantity_millionths, modifications.known_from as moved_on
    from {{ ref('amended_terms') }} as terms
    inner join {{ ref('modifications') }} as modifications
        on terms.accounting_contract_id = modifications.accounting_contract_id
        and terms.modification_number = modifications.modification_number
    where terms.quantity_delta_millionths != 0

    union all

    select
        contract_line_id,
        case when kind = 'return' then 1 else -1 end * {{ to_millionths('quantity') }} as quantity_millionths,
        event_date as moved_on
    from {{ ref('known_progress') }}
    where kind in ('delivery', 'return')

)

select
    positions.dimension_id,
    positions.period_index,
    greatest(cast(sum(moves.quantity_millionths) as bigint), 0) as quantity_millionths
from {{ ref('line_positions') }} as positions
inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id
inner join {{ ref('line_allocations') }} as lines
    on dimensions.contract_line_id = lines.contract_line_id and lines.recognition_method = 'point_in_time'
inner join {{ ref('periods') }} as periods on positions.period_index = periods.period_index
inner join moves on dimensions.contract_line_id = moves.contract_line_id and moves.moved_on <= periods.cut_end
where positions.backlog_minor != 0
group by positions.dimension_id, positions.period_index

-- Grain: contract line × segment_number.
-- Why: the revenue schedule as it is published: recognized(d) = Σ over the segments in force at d of base + what of the
-- spread has elapsed; a held contract keeps its frozen segments. Minor units of the line's currency.

{% set columns = [
    'contract_line_id', 'segment_number', 'layer', 'valid_from', 'valid_to', 'base_minor', 'spread_minor', 'convention',
    'spread_start', 'spread_end', 'first_month', 'last_month', 'weight_unit', 'first_weight', 'last_weight',
    'total_weight', 'skipped_weight', 'skipped_unit', 'exponent',
] %}

with held_lines as (

    select lines.contract_line_id
    from {{ source('frozen', 'dim_contract_line') }} as lines
    inner join {{ ref('accepted__contracts_out') }} as out on lines.contract_id = out.contract_id
    where out.fate = 'held'

),

signed_lines as (

    -- a contract signed after the cut of a close has documents already, but no terms that are valid then
    select lines.contract_line_id
    from {{ ref('line_allocations') }} as lines
    cross join {{ source('run', 'context') }} as context
    where lines.signed_date <= context.cut_date

)

select segments.{{ columns | join(', segments.') }}
from {{ ref('revenue_segments') }} as segments
inner join signed_lines on segments.contract_line_id = signed_lines.contract_line_id
union all
select
    {% for column in columns -%}
    {{ "coalesce(frozen.layer, '')" if column == 'layer' else 'frozen.' ~ column }} as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ source('frozen', 'revenue_segments') }} as frozen
inner join held_lines on frozen.contract_line_id = held_lines.contract_line_id

-- Grain: contract line × modification_number × ratable layer × stretch of its service.
-- Why: the shape over which a layer is earned by time (macros/ratable.sql), of a layer that a suspension divides (accounting.md
-- §5) one for each stretch. A stretch holds until the next one begins. A concession and an estimate are earned over
-- what the layer they find is earned by, a concession over what is left of it.

{% set shape = spread_columns() | reject('in', ['total_weight', 'skipped_weight', 'skipped_unit']) | list %}

with layers as (

    select * from {{ ref('layers') }}

),

terms as (

    select
        contract_line_id, modification_number, layer, convention,
        spread_from as service_start, spread_to as service_end
    from layers
    where recognition_method = 'ratable' and found_in is null and spread_from <= spread_to

),

stretches as (

    {{ stretches_of('terms', ['layer', 'convention']) }}

),

shaped as (

    select
        shapes.*,
        count(*) over layer_of_line > 1 as is_divided
    from ( {{ ratable_shape('stretches') }} ) as shapes
    window layer_of_line as (partition by contract_line_id, modification_number, layer)

),

measured as (

    select
        contract_line_id,
        modification_number,
        layer,
        stretch_number,
        is_divided,
        convention,
        service_start,
        spread_start,
        service_end as spread_end,
        first_month,
        last_month,
        {%- for column in ['weight_unit', 'first_weight', 'last_weight', 'total_weight'] %}
        case
            when is_divided then {{ in_common_unit(column, 'weight_unit', 'convention') }} else {{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from shaped

),

placed as (

    select
        measured.contract_line_id,
        measured.modification_number,
        measured.layer,
        measured.is_divided,
        case
            when row_number() over stretches_of_layer = 1 then {{ first_day() }} else measured.service_start
        end as holds_from,
        coalesce(
            {{ add_days('lead(measured.service_start) over stretches_of_layer', '-1') }}, cast('9999-12-31' as date)
        ) as holds_until,
        {%- for column in shape %}
        measured.{{ column }},
        {%- endfor %}
        cast(sum(measured.total_weight) over layer_of_line - sum(measured.total_weight) over stretches_of_layer as bigint)
        + measured.total_weight as total_weight,
        cast(sum(measured.total_weight) over stretches_of_layer as bigint) - measured.total_weight as weight_before
    from measured
    window
        layer_of_line as (partition by measured.contract_line_id, measured.modification_number, measured.layer),
        stretches_of_layer as (
            partition by measured.contract_line_id, measured.modification_number, measured.layer
            order by measured.stretch_number
        )

),

found as (

    select
        layers.contract_line_id,
        layers.modification_number,
        layers.layer,
        {{ read_on('lines', 'layers.found_on') }} as at_date,
        placed.holds_from,
        placed.holds_until,
        {%- for column in shape %}
        placed.{{ column }},
        {%- endfor %}
        placed.weight_before
    from layers
    inner join {{ ref('line_allocations') }} as lines on layers.contract_line_id = lines.contract_line_id
    inner join placed
        on layers.contract_line_id = placed.contract_line_id
        and layers.found_in = placed.modification_number
        and layers.found_layer = placed.layer
    where layers.change = 'concession'

),

-- what had elapsed of the spread on the day before
skipped as (

    select
        contract_line_id,
        modification_number,
        layer,
        elapsed_weight + weight_before * elapsed_unit as skipped_weight,
        elapsed_unit as skipped_unit
    from ( {{ elapsed_at('found') }} ) as elapsed
    where at_date between holds_from and holds_until

)

select
    layers.contract_line_id,
    layers.modification_number,
    layers.layer,
    placed.holds_from,
    placed.holds_until,
    {%- for column in shape %}
    placed.{{ column }},
    {%- endfor %}
    placed.total_weight,
    case
        when placed.is_divided or skipped.skipped_unit is not null
            then coalesce(skipped.skipped_weight, 0) - placed.weight_before * coalesce(skipped.skipped_unit, 1)
    end as skipped_weight,
    coalesce(skipped.skipped_unit, case when placed.is_divided then 1 end) as skipped_unit
from layers
inner join placed
    on layers.contract_line_id = placed.contract_line_id
    and coalesce(layers.found_in, layers.modification_number) = placed.modification_number
    and coalesce(layers.found_layer, layers.layer) = placed.layer
left join skipped
    on layers.contract_line_id = skipped.contract_line_id
    and layers.modification_number = skipped.modification_number
    and layers.layer = skipped.layer

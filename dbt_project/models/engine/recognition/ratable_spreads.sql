-- Grain: ratable contract line.
-- Why: the shape over which its allocated amount is earned, by its convention (accounting.md §4).

with lines as (

    select
        contract_line_id,
        allocated_minor,
        start_date as service_start,
        end_date as service_end,
        recognition_convention as convention
    from {{ ref('line_allocations') }}
    where recognition_method = 'ratable'

),

final as (

    select
        contract_line_id,
        allocated_minor,
        convention,
        spread_start,
        service_end as spread_end,
        first_month,
        last_month,
        weight_unit,
        first_weight,
        last_weight,
        total_weight,
        cast(null as bigint) as skipped_weight,
        cast(null as bigint) as skipped_unit
    from (
        {{ ratable_shape('lines') }}
    ) as shaped

)

select * from final

-- Grain: contract line × segment_number: a stretch of days [valid_from, valid_to] on which one closed form holds.
-- Why: recognized(d) of any method = Σ over the line's segments in force at d of base + what of the spread has elapsed
-- (macros/ratable.sql); the segments are the published revenue schedule (architecture.md 22). Segments of one layer
-- follow one another without a gap; a line has the one layer '' of its terms, or a layer for each document line it is
-- recognized by. Nothing is earned before the signature: the first segment starts on the signed date with what the
-- terms give there (accounting.md §2).

with lines as (

    select * from {{ ref('line_allocations') }}

),

cancellations as (

    select * from {{ ref('cancellation_amounts') }}

),

ratable as (

    select
        lines.contract_line_id,
        greatest(lines.signed_date, spreads.spread_start) as valid_from,
        spreads.spread_start as earned_date,
        cast(0 as bigint) as base_minor,
        spreads.allocated_minor as spread_minor,
        spreads.convention,
        spreads.spread_start,
        spreads.spread_end,
        spreads.first_month,
        spreads.last_month,
        spreads.weight_unit,
        spreads.first_weight,
        spreads.last_weight,
        spreads.total_weight
    from {{ ref('ratable_spreads') }} as spreads
    inner join lines on spreads.contract_line_id = lines.contract_line_id

),

in_steps as (

    select
        steps.contract_line_id,
        greatest(lines.signed_date, steps.step_date) as valid_from,
        steps.step_date as earned_date,
        steps.recognized_minor as base_minor,
        {{ no_spread() }}
    from {{ ref('recognition_steps') }} as steps
    inner join lines on steps.contract_line_id = lines.contract_line_id

),

before_cancellation as (

    select earned.*
    from (select * from ratable union all select * from in_steps) as earned
    left join cancellations on earned.contract_line_id = cancellations.contract_line_id
    where cancellations.contract_line_id is null or earned.valid_from < cancellations.effective_date

),

after_cancellation as (

    select
        contract_line_id,
        effective_date as valid_from,
        effective_date as earned_date,
        final_minor as base_minor,
        {{ no_spread() }}
    from cancellations

),

dated as (

    -- of several steps before the signature only the last one counts
    select
        combined.*,
        row_number() over (partition by contract_line_id, valid_from order by earned_date desc) as recency
    from (select * from before_cancellation union all select * from after_cancellation) as combined

),

by_terms as (

    select
        dated.contract_line_id,
        cast(row_number() over (partition by dated.contract_line_id order by dated.valid_from) as integer)
            as segment_number,
        cast('' as {{ dbt.type_string() }}) as layer,
        valid_from,
        coalesce(
            {{ add_days('lead(dated.valid_from) over (partition by dated.contract_line_id order by dated.valid_from)', '-1') }},
            cast('9999-12-31' as date)
        ) as valid_to,
        base_minor,
        spread_minor,
        convention,
        spread_start,
        spread_end,
        cast(first_month as integer) as first_month,
        cast(last_month as integer) as last_month,
        cast(weight_unit as bigint) as weight_unit,
        cast(first_weight as bigint) as first_weight,
        cast(last_weight as bigint) as last_weight,
        cast(total_weight as bigint) as total_weight,
        lines.exponent
    from dated
    inner join lines on dated.contract_line_id = lines.contract_line_id
    where dated.recency = 1

),

invoiced as (

    select * from {{ ref('invoiced_amounts') }}

),

invoiced_cancellations as (

    select * from {{ ref('invoiced_cancellations') }}

),

ends_of_invoiced as (

    -- the day from which a line's documents say nothing more
    select contract_line_id, max(effective_date) as effective_date
    from {{ ref('cancellations') }}
    group by contract_line_id

),

by_document as (

    select
        invoiced.contract_line_id,
        invoiced.layer,
        invoiced.valid_from,
        invoiced.base_minor,
        invoiced.spread_minor,
        invoiced.convention,
        invoiced.spread_start,
        invoiced.spread_end,
        invoiced.first_month,
        invoiced.last_month,
        invoiced.weight_unit,
        invoiced.first_weight,
        invoiced.last_weight,
        invoiced.total_weight
    from invoiced
    left join ends_of_invoiced as ends on invoiced.contract_line_id = ends.contract_line_id
    where (invoiced.void_date is null or invoiced.valid_from < invoiced.void_date)
        and (ends.effective_date is null or invoiced.valid_from < ends.effective_date)

    union all

    select
        invoiced.contract_line_id,
        invoiced.layer,
        invoiced.void_date as valid_from,
        cast(0 as bigint) as base_minor,
        {{ no_spread() }}
    from invoiced
    left join ends_of_invoiced as ends on invoiced.contract_line_id = ends.contract_line_id
    where invoiced.valid_from < invoiced.void_date
        and (ends.effective_date is null or invoiced.void_date < ends.effective_date)

    union all

    select
        contract_line_id,
        layer,
        effective_date as valid_from,
        final_minor as base_minor,
        {{ no_spread() }}
    from invoiced_cancellations

),

layered as (

    select
        by_document.contract_line_id,
        cast(row_number() over (
            partition by by_document.contract_line_id order by by_document.valid_from, by_document.layer
        ) as integer) as segment_number,
        by_document.layer,
        by_document.valid_from,
        coalesce(
            {{ add_days(
                'lead(by_document.valid_from) over ('
                ~ 'partition by by_document.contract_line_id, by_document.layer order by by_document.valid_from)', '-1'
            ) }},
            cast('9999-12-31' as date)
        ) as valid_to,
        by_document.base_minor,
        by_document.spread_minor,
        by_document.convention,
        by_document.spread_start,
        by_document.spread_end,
        by_document.first_month,
        by_document.last_month,
        by_document.weight_unit,
        by_document.first_weight,
        by_document.last_weight,
        by_document.total_weight,
        lines.exponent
    from by_document
    inner join lines on by_document.contract_line_id = lines.contract_line_id

)

select * from by_terms
union all
select * from layered

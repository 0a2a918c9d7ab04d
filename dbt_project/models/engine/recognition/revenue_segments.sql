-- Grain: contract line × segment_number: a stretch of days [valid_from, valid_to] on which one closed form holds for a
-- layer of the line's terms.
-- Why: recognized(d) of any method = Σ over its layers of base + what of the spread has elapsed at d (macros/ratable.sql);
-- the segments are the published revenue schedule (architecture.md 22). Nothing is earned before the signature: a
-- layer starts on the day it is known with what its terms give there (accounting.md §2). Most lines have the one layer
-- they were signed with; amendments and cancellations put others in its place (engine/modifications). Of a line that
-- earns nothing further (macros/earning.sql) only what is changed by its terms is.

with lines as (

    select * from {{ ref('line_allocations') }}

),

modified as (

    select distinct accounting_contract_id from {{ ref('modifications') }}

),

-- 1. layers with their money
as_signed as (

    select
        lines.contract_line_id,
        '' as layer,
        true as is_first,
        lines.signed_date as known_from,
        cast(null as date) as known_until,
        cast(0 as bigint) as base_minor,
        lines.allocated_minor as remainder_minor,
        lines.recognition_method,
        cast(0 as bigint) as progress_from,
        {{ whole_progress(
            'lines.recognition_method', 'lines.quantity_millionths', 'lines.amount_minor', 'lines.return_scale'
        ) }} as whole,
        {{ drawn_until('lines.recognition_method', 'lines.end_date') }} as drawn_until,
        true as is_share,
        {{ first_day() }} as holds_from,
        {%- for column in spread_columns() %}
        spreads.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from lines
    left join {{ ref('ratable_spreads') }} as spreads on lines.contract_line_id = spreads.contract_line_id
    left join modified on lines.accounting_contract_id = modified.accounting_contract_id
    where modified.accounting_contract_id is null

),

as_modified as (

    select
        layers.contract_line_id,
        case when layers.layer = 'main' then '' else layers.layer || ':' || layers.modification_number end as layer,
        layers.change in ('signing', 'separate') as is_first,
        layers.known_from,
        layers.known_until,
        coalesce(amounts.base_minor, 0) as base_minor,
        case when layers.modification_number = 0 then lines.allocated_minor else amounts.remainder_minor end as remainder_minor,
        layers.recognition_method,
        layers.progress_from,
        coalesce(amounts.whole, layers.whole) as whole,
        layers.drawn_until,
        layers.change != 'concession' as is_share,
        spreads.holds_from,
        {%- for column in spread_columns() %}
        spreads.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('layers') }} as layers
    inner join lines on layers.contract_line_id = lines.contract_line_id
    left join {{ ref('layer_spreads') }} as spreads
        on layers.contract_line_id = spreads.contract_line_id
        and layers.modification_number = spreads.modification_number
        and layers.layer = spreads.layer
    left join {{ ref('layer_amounts') }} as amounts
        on layers.contract_line_id = amounts.contract_line_id
        and layers.modification_number = amounts.modification_number
        and layers.layer = amounts.layer
    where layers.known_until is null or layers.known_until >= layers.known_from

),

all_layers as (

    select * from as_signed
    union all
    select * from as_modified

),

-- 2. what each earns, by time or in steps; a layer that is taken earns nothing from then on
by_time as (

    select
        contract_line_id,
        layer,
        greatest(known_from, case when is_first then spread_start else holds_from end) as valid_from,
        holds_from as earned_date,
        known_until,
        base_minor,
        remainder_minor as spread_minor,
        {{ spread_columns() | join(', ') }}
    from all_layers
    where recognition_method = 'ratable' and spread_start is not null

),

-- goods that came back and were refunded are contracted no more: what replaces them beyond that earns nothing
debooked as (

    select
        contract_line_id,
        known_from as debooked_from,
        coalesce(
            {{ add_days('lead(known_from) over (partition by contract_line_id order by known_from)', '-1') }},
            cast('9999-12-31' as date)
        ) as debooked_until,
        debooked_minor
    from (
        select distinct
            changes.contract_line_id,
            changes.known_from,
            cast(sum(amounts.debooked_minor) over (
                partition by changes.contract_line_id order by changes.known_from
            ) as bigint) as debooked_minor
        from {{ ref('layer_amounts') }} as amounts
        inner join {{ ref('layers') }} as changes
            on amounts.contract_line_id = changes.contract_line_id
            and amounts.modification_number = changes.modification_number
            and amounts.layer = changes.layer
        where amounts.debooked_minor != 0
    ) as by_day

),

steps as (

    select
        all_layers.contract_line_id,
        all_layers.layer,
        greatest(all_layers.known_from, progress.progress_date) as valid_from,
        progress.progress_date as earned_date,
        all_layers.known_until,
        least(
            {{ earned_by_progress(
                'all_layers.recognition_method', 'all_layers.remainder_minor', is_ended('progress', 'all_layers.drawn_until'),
                'all_layers.base_minor', 'all_layers.progress_from', 'progress', 'all_layers.whole', 'all_layers.is_share'
            ) }},
            case
                when debooked.contract_line_id is not null and all_layers.is_share
                    then all_layers.base_minor + all_layers.remainder_minor - debooked.debooked_minor - {{ expected_back(
                        'all_layers.remainder_minor', 'all_layers.base_minor', 'all_layers.progress_from', 'all_layers.whole',
                        'progress.stays', 'progress.scale'
                    ) }}
                else 9223372036854775807
            end
        ) as base_minor,
        {{ no_spread() }}
    from all_layers
    inner join {{ ref('line_progress') }} as progress on all_layers.contract_line_id = progress.contract_line_id
    left join debooked
        on all_layers.contract_line_id = debooked.contract_line_id
        and greatest(all_layers.known_from, progress.progress_date) between debooked.debooked_from and debooked.debooked_until
    where all_layers.recognition_method not in ('ratable', 'cancelled')

),

-- what stands from the first day on, before any step
standing as (

    select
        contract_line_id,
        layer,
        known_from as valid_from,
        {{ first_day() }} as earned_date,
        known_until,
        -- where no days or units are left, all is earned at once
        case
            when recognition_method = 'drawdown' and whole is null and remainder_minor > 0 then base_minor
            when recognition_method != 'cancelled' and coalesce(whole, 0) <= 0 then base_minor + remainder_minor
            else base_minor
        end as base_minor,
        {{ no_spread() }}
    from all_layers
    where not is_first and (recognition_method != 'ratable' or spread_start is null)
        or recognition_method = 'drawdown' and whole is null and remainder_minor < 0

),

ended as (

    select
        contract_line_id,
        layer,
        {{ add_days('known_until', 1) }} as valid_from,
        {{ add_days('known_until', 1) }} as earned_date,
        cast(null as date) as known_until,
        cast(0 as bigint) as base_minor,
        {{ no_spread() }}
    from as_modified
    where layer != '' and known_until is not null

),

-- 3. what is used beyond a line's amount, and what is earned as invoiced, a layer a document line
cancellations as (

    select * from {{ ref('cancellations') }}

),

used as (

    select
        usage.contract_line_id,
        'usage' as layer,
        greatest(lines.signed_date, usage.event_date) as valid_from,
        usage.event_date as earned_date,
        {{ add_days('cancellations.effective_date', '-1') }} as known_until,
        cast(sum(usage.amount_minor) over (
            partition by usage.contract_line_id order by usage.event_date
            rows between unbounded preceding and current row
        ) as bigint) as base_minor,
        {{ no_spread() }}
    from (
        select contract_line_id, event_date, cast(sum(amount_minor) as bigint) as amount_minor
        from {{ ref('usage_amounts') }}
        group by contract_line_id, event_date
    ) as usage
    inner join lines on usage.contract_line_id = lines.contract_line_id
    left join cancellations on usage.contract_line_id = cancellations.contract_line_id

),

used_until as (

    select distinct
        used.contract_line_id,
        used.layer,
        cancellations.effective_date as valid_from,
        cancellations.effective_date as earned_date,
        cast(null as date) as known_until,
        cast(0 as bigint) as base_minor,
        {{ no_spread() }}
    from used
    inner join cancellations on used.contract_line_id = cancellations.contract_line_id

),

invoiced as (

    select
        amounts.*,
        least(
            {{ add_days('cancellations.effective_date', '-1') }}, {{ add_days('amounts.void_date', '-1') }}
        ) as known_until
    from {{ ref('invoiced_amounts') }} as amounts
    left join cancellations on amounts.contract_line_id = cancellations.contract_line_id

),

by_document as (

    select
        contract_line_id, layer, valid_from, valid_from as earned_date, known_until, base_minor, spread_minor,
        {{ spread_columns() | join(', ') }}
    from invoiced

    union all

    select
        contract_line_id, layer, void_date as valid_from, void_date as earned_date,
        cast(null as date) as known_until, cast(0 as bigint) as base_minor,
        {{ no_spread() }}
    from invoiced
    where valid_from < void_date and (known_until is null or void_date <= {{ add_days('known_until', 1) }})

    union all

    select
        contract_line_id, layer, effective_date as valid_from, effective_date as earned_date,
        cast(null as date) as known_until, final_minor as base_minor,
        {{ no_spread() }}
    from {{ ref('invoiced_cancellations') }}

),

earning as (

    select * from by_time
    union all
    select * from steps
    union all
    select * from standing
    union all
    select * from ended
    union all
    select * from used
    union all
    select * from used_until
    union all
    select * from by_document

),

-- 4. what is still spread out when a line earns nothing further stays at what it has earned by then
stopping as (

    select
        earning.contract_line_id,
        earning.layer,
        greatest(earning.valid_from, {{ add_days('lines.earned_until', 1) }}) as valid_from,
        earning.earned_date,
        earning.known_until,
        earning.base_minor,
        earning.spread_minor,
        lines.earned_until as at_date,
        {%- for column in spread_columns() %}
        earning.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from earning
    inner join lines on earning.contract_line_id = lines.contract_line_id
    where earning.spread_minor != 0 and lines.earned_until < coalesce(earning.known_until, cast('9999-12-31' as date))

),

stopped as (

    select
        contract_line_id,
        layer,
        valid_from,
        earned_date,
        known_until,
        cast(recognized_minor as bigint) as base_minor,
        {{ no_spread() }}
    from ( {{ recognized_at('stopping') }} ) as evaluated

),

earned as (

    select earning.*
    from earning
    inner join lines on earning.contract_line_id = lines.contract_line_id
    where earning.spread_minor = 0 or {{ still_earns('lines', 'earning.valid_from') }}

    union all

    select * from stopped

),

dated as (

    -- of several steps before a layer counts only the last one does
    select
        earned.*,
        row_number() over (partition by contract_line_id, layer, valid_from order by earned_date desc) as recency
    from earned
    where known_until is null or valid_from <= known_until

),

final as (

    select
        dated.contract_line_id,
        dated.layer,
        cast(row_number() over (partition by dated.contract_line_id order by dated.valid_from, dated.layer) as integer)
            as segment_number,
        dated.valid_from,
        coalesce(
            {{ add_days('lead(dated.valid_from) over (partition by dated.contract_line_id, dated.layer order by dated.valid_from)', '-1') }},
            cast('9999-12-31' as date)
        ) as valid_to,
        dated.base_minor,
        dated.spread_minor,
        dated.convention,
        dated.spread_start,
        dated.spread_end,
        cast(dated.first_month as integer) as first_month,
        cast(dated.last_month as integer) as last_month,
        cast(dated.weight_unit as bigint) as weight_unit,
        cast(dated.first_weight as bigint) as first_weight,
        cast(dated.last_weight as bigint) as last_weight,
        cast(dated.total_weight as bigint) as total_weight,
        cast(dated.skipped_weight as bigint) as skipped_weight,
        cast(dated.skipped_unit as bigint) as skipped_unit,
        lines.exponent
    from dated
    inner join lines on dated.contract_line_id = lines.contract_line_id
    where dated.recency = 1

)

select * from final

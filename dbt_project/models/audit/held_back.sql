-- Grain: contract that is quarantined or held × currency.
-- Why: what its faults cost (quality.md): what it states, what was billed for it, what it would have earned in the
-- month of the cut. A held contract earns by its published schedule, one that never was published by the terms as
-- delivered, on stated amounts; where these say too little, revenue is null and revenue_gap says why.

with contracts_out as (

    select contract_id, fate from {{ ref('accepted__contracts_out') }} where fate in ('quarantined', 'held')

),

rules as (

    select contract_id, {{ joined_texts('rule') }} as rules
    from {{ ref('accepted__contract_faults') }}
    group by contract_id

),

-- the days between which the month earns
edges as (

    select periods.period, periods.cut_end as at_date, 1 as sign
    from {{ ref('periods') }} as periods
    inner join {{ source('run', 'context') }} as context on periods.period = context.through_period

    union all

    select periods.period, {{ add_days('periods.start_date', '-1') }} as at_date, -1 as sign
    from {{ ref('periods') }} as periods
    inner join {{ source('run', 'context') }} as context on periods.period = context.through_period

),

-- stated

stated as (

    select
        contracts.contract_id,
        contracts.currency,
        coalesce(contracts.total_amount, sum(lines.amount)) as contracted,
        case when count(lines.record_key) = 0 then 'no lines' end as gap
    from {{ ref('exchange__contracts') }} as contracts
    inner join contracts_out on contracts.contract_id = contracts_out.contract_id
    left join {{ ref('exchange__contract_lines') }} as lines on contracts.contract_id = lines.contract_id
    group by contracts.contract_id, contracts.currency, contracts.total_amount

),

-- billed: documents in force at the cut, faulty or not

no_documents as (

    select entity, record_key
    from {{ ref('accepted__record_faults') }}
    where entity in ('invoices', 'credit_notes') and fate in ('excluded', 'later')

),

document_lines as (

    select links.contract_id, invoices.currency, lines.amount, invoices.status, invoices.status_date
    from {{ ref('links__invoice_lines') }} as links
    inner join {{ ref('exchange__invoice_lines') }} as lines on links.record_key = lines.record_key
    inner join {{ ref('exchange__invoices') }} as invoices on links.invoice_id = invoices.invoice_id
    left join no_documents on no_documents.entity = 'invoices' and invoices.record_key = no_documents.record_key
    where no_documents.record_key is null

    union all

    select links.contract_id, credit_notes.currency, -lines.amount as amount, credit_notes.status, credit_notes.status_date
    from {{ ref('links__credit_note_lines') }} as links
    inner join {{ ref('exchange__credit_note_lines') }} as lines on links.record_key = lines.record_key
    inner join {{ ref('exchange__credit_notes') }} as credit_notes on links.credit_note_id = credit_notes.credit_note_id
    left join no_documents on no_documents.entity = 'credit_notes' and credit_notes.record_key = no_documents.record_key
    where no_documents.record_key is null

),

billed as (

    select document_lines.contract_id, document_lines.currency, sum(document_lines.amount) as billed
    from document_lines
    inner join contracts_out on document_lines.contract_id = contracts_out.contract_id
    cross join {{ source('run', 'context') }} as context
    where coalesce(document_lines.status, 'open') != 'void' or document_lines.status_date > context.cut_date
    group by document_lines.contract_id, document_lines.currency

),

-- revenue of a contract that was never published: its lines as delivered

amended as (

    select distinct contract_id from {{ ref('exchange__amendments') }}

),

lines as (

    select
        terms.source_row,
        terms.contract_line_id,
        terms.contract_id,
        terms.currency,
        terms.exponent,
        terms.signed_date,
        terms.amount_minor,
        terms.price_minor as allocated_minor,
        terms.quantity_millionths,
        coalesce(returns.scale, 1) as return_scale,
        terms.start_date,
        terms.end_date,
        terms.recognition_method,
        terms.recognition_convention,
        uncollectible.earned_until,
        case
            when amended.contract_id is not null or contracts.cancelled_date is not null then 'it is amended or cancelled'
            when terms.exponent is null then 'its currency is unknown'
            when terms.signed_date is null then 'no signed date'
            when terms.amount_minor is null or abs(terms.amount_minor) > 10000000000000 then 'no usable amount'
            when terms.is_discount then 'a discount is yet to be allocated'
            when terms.recognition_method is null then 'no recognition method'
            when terms.recognition_method not in (
                'ratable', 'on_start', 'point_in_time', 'percent_complete', 'milestone', 'usage', 'drawdown'
            ) then 'recognition method ' || terms.recognition_method
            when terms.recognition_method = 'point_in_time' and coalesce(terms.quantity_millionths, 0) <= 0
                then 'no quantity'
            when terms.recognition_method in ('ratable', 'on_start') and terms.start_date is null
                then 'no usable dates'
            when terms.recognition_method = 'drawdown' and terms.end_date is null then 'no usable dates'
            when terms.recognition_method = 'ratable' and terms.end_date is null then 'no usable dates'
            when terms.recognition_method = 'ratable' and terms.end_date < terms.start_date then 'it ends before it starts'
            when terms.recognition_method = 'ratable' and (year(terms.start_date) < 1990 or year(terms.end_date) > 2100)
                then 'no usable dates'
            when terms.recognition_method = 'ratable' and terms.recognition_convention not in (
                'monthly', 'daily', 'half_month', 'full_month', 'mid_month', 'even_period'
            ) then 'convention ' || terms.recognition_convention
        end as gap
    from {{ ref('contract_line_terms') }} as terms
    inner join contracts_out on terms.contract_id = contracts_out.contract_id and contracts_out.fate = 'quarantined'
    inner join {{ ref('exchange__contracts') }} as contracts on terms.contract_id = contracts.contract_id
    left join {{ ref('uncollectible_customers') }} as uncollectible on contracts.customer_id = uncollectible.customer_id
    left join amended on terms.contract_id = amended.contract_id
    left join {{ ref('expected_returns') }} as returns
        on terms.contract_line_id = returns.contract_line_id and returns.version_number = 1

),

computable as (

    select * from lines where gap is null

),

ratable as (

    select *, start_date as service_start, end_date as service_end, recognition_convention as convention
    from computable
    where recognition_method = 'ratable'

),

usable_fulfillments as (

    select fulfillments.*
    from {{ ref('exchange__fulfillments') }} as fulfillments
    left join {{ ref('accepted__record_faults') }} as faults
        on faults.entity = 'fulfillments' and fulfillments.record_key = faults.record_key
    where faults.record_key is null

),

progress as (

    {{ line_progress('computable', 'usable_fulfillments', ref('expected_returns'), 'computable') }}

),

used as (

    {{ usage_events('computable', 'usable_fulfillments') }}

),

drawn_on as (

    {{ drawn_on_as_signed('computable') }}

),

used_above as (

    {{ usage_amounts('used', 'drawn_on') }}

),

spreads as (

    select
        shaped.source_row,
        shaped.spread_start,
        shaped.service_end as spread_end,
        shaped.convention,
        shaped.first_month,
        shaped.last_month,
        shaped.weight_unit,
        shaped.first_weight,
        shaped.last_weight,
        shaped.total_weight,
        cast(null as bigint) as skipped_weight,
        cast(null as bigint) as skipped_unit,
        cast(0 as bigint) as base_minor,
        shaped.allocated_minor as spread_minor,
        shaped.signed_date,
        edges.at_date as edge_date,
        {{ read_on('shaped', 'edges.at_date') }} as at_date,
        edges.sign
    from (
        {{ ratable_shape('ratable') }}
    ) as shaped
    cross join edges

),

earned_in_steps as (

    select
        lines.source_row,
        steps.recognized_minor,
        edges.sign,
        row_number() over (partition by lines.source_row, edges.sign order by steps.step_date desc) as recency
    from ({{ recognition_steps('computable', 'progress', 'used_above') }}) as steps
    inner join computable as lines on steps.contract_line_id = lines.contract_line_id
    inner join edges on steps.step_date <= edges.at_date and lines.signed_date <= edges.at_date

),

earned as (

    -- nothing is earned before the signature
    select source_row, sign * recognized_minor as earned_minor
    from ( {{ recognized_at('spreads') }} ) as evaluated
    where signed_date <= edge_date

    union all

    select source_row, sign * recognized_minor as earned_minor from earned_in_steps where recency = 1

),

earned_by_line as (

    select source_row, sum(earned_minor) as earned_minor from earned group by source_row

),

revenue_as_delivered as (

    select
        lines.contract_id,
        lines.currency,
        min(lines.gap) as gap,
        {{ to_amount('cast(sum(coalesce(earned_by_line.earned_minor, 0)) as bigint)', 'max(lines.exponent)') }} as revenue
    from lines
    left join earned_by_line on lines.source_row = earned_by_line.source_row
    group by lines.contract_id, lines.currency

),

-- revenue of a held contract: its published schedule

published_segments as (

    select segments.*, held_lines.contract_id, held_lines.currency, edges.at_date, edges.sign
    from {{ source('frozen', 'revenue_segments') }} as segments
    inner join {{ ref('held_lines') }} as held_lines on segments.contract_line_id = held_lines.contract_line_id
    inner join edges on edges.at_date between segments.valid_from and segments.valid_to

),

revenue_as_published as (

    select
        contract_id,
        currency,
        {{ to_amount('cast(sum(sign * recognized_minor) as bigint)', 'max(exponent)') }} as revenue
    from ( {{ recognized_at('published_segments') }} ) as evaluated
    group by contract_id, currency

),

-- together

measures as (

    select
        contract_id, currency, contracted,
        cast(null as decimal(18, 3)) as billed,
        cast(null as decimal(18, 3)) as revenue,
        gap,
        cast(null as decimal(18, 3)) as carried_contracted,
        cast(null as decimal(18, 3)) as carried_billed,
        cast(null as decimal(18, 3)) as carried_recognized
    from stated
    union all
    select contract_id, currency, null as contracted, billed, null as revenue, null as gap, null, null, null from billed
    union all
    select
        contract_id, currency, null as contracted, null as billed,
        case when gap is null then revenue end as revenue, gap, null, null, null
    from revenue_as_delivered
    union all
    select contract_id, currency, null as contracted, null as billed, revenue, null as gap, null, null, null
    from revenue_as_published
    union all
    select contract_id, currency, null as contracted, null as billed, null as revenue, null as gap, contracted, billed, recognized
    from {{ ref('held_contracts') }}

),

by_contract as (

    select
        contract_id,
        coalesce(currency, '(none)') as currency,
        sum(contracted) as contracted,
        coalesce(sum(billed), 0) as billed,
        sum(revenue) as revenue,
        min(gap) as gap,
        sum(carried_contracted) as carried_contracted,
        sum(carried_billed) as carried_billed,
        sum(carried_recognized) as carried_recognized
    from measures
    group by contract_id, coalesce(currency, '(none)')

),

final as (

    select
        by_contract.contract_id,
        by_contract.currency,
        contracts_out.fate,
        rules.rules,
        edges.period,
        {%- for amount in ['contracted', 'billed', 'revenue'] %}
        try_cast(by_contract.{{ amount }} as decimal(18, 3)) as {{ amount }},
        {%- endfor %}
        case when by_contract.revenue is null and contracts_out.fate = 'quarantined' then by_contract.gap end as revenue_gap,
        {%- for amount in ['carried_contracted', 'carried_billed', 'carried_recognized'] %}
        try_cast(by_contract.{{ amount }} as decimal(18, 3)) as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from by_contract
    inner join contracts_out on by_contract.contract_id = contracts_out.contract_id
    inner join rules on by_contract.contract_id = rules.contract_id
    inner join edges on edges.sign = 1

)

select * from final

-- Grain: contract line.
-- Why: the line's terms, its stand-alone selling price and what of the transaction price belongs to it on the terms
-- valid at the last day counted; quantity, prices and amount are those first signed.

{% set columns = [
    'contract_line_id', 'contract_id', 'line_number', 'product_id', 'description', 'currency', 'quantity', 'unit_price',
    'amount', 'allocated_amount', 'ssp', 'ssp_source', 'allocation_group', 'method', 'convention', 'start_date',
    'end_date', 'promised_date', 'expected_date', 'earned_until', 'booking_period',
] %}

with modified as (

    select changes.contract_line_id, cast(sum(changes.change_minor) as bigint) as change_minor
    from {{ ref('contracted_changes') }} as changes
    cross join {{ source('run', 'context') }} as context
    where changes.known_from <= context.cut_date
    group by changes.contract_line_id

),

current_rows as (

    select
        lines.contract_line_id,
        lines.contract_id,
        lines.line_number,
        lines.product_id,
        source_lines.description,
        lines.currency,
        source_lines.quantity,
        source_lines.unit_price,
        source_lines.amount,
        {{ to_amount('(lines.allocated_minor + coalesce(modified.change_minor, 0))', 'lines.exponent') }} as allocated_amount,
        {{ to_amount('lines.ssp_minor', 'lines.exponent') }} as ssp,
        lines.ssp_source,
        source_lines.allocation_group,
        lines.recognition_method as method,
        case when lines.recognition_method = 'ratable' then lines.recognition_convention end as convention,
        coalesce(amended.start_date, lines.start_date) as start_date,
        coalesce(amended.end_date, lines.end_date) as end_date,
        lines.promised_date,
        -- the line's own end, else the day promised, else the contract's end (accounting.md §7)
        coalesce(
            case when amended.end_date is distinct from lines.end_date then amended.end_date end,
            source_lines.end_date, lines.promised_date, lines.end_date
        ) as expected_date,
        lines.earned_until,
        days.period as booking_period
    from {{ ref('line_allocations') }} as lines
    inner join {{ ref('accepted__contract_lines') }} as source_lines on lines.source_row = source_lines.source_row
    left join modified on lines.contract_line_id = modified.contract_line_id
    left join {{ ref('terms_in_force') }} as amended on lines.contract_line_id = amended.contract_line_id
    left join {{ ref('period_days') }} as days on lines.signed_date = days.day

),

published as (

    select {{ columns | join(', ') }}
    from {{ source('frozen', 'dim_contract_line') }}
    where contract_line_id != '(not linked)'
        and contract_line_id not in (select contract_line_id from current_rows)

)

select {{ columns | join(', ') }} from current_rows
union all
select * from published
union all
select
    '(not linked)', '(not linked)', null, '(not linked)', null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null

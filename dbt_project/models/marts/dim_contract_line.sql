-- Grain: contract line.
-- Why: the line's terms, its stand-alone selling price and what of the transaction price belongs to it.

{% set columns = [
    'contract_line_id', 'contract_id', 'line_number', 'product_id', 'description', 'currency', 'quantity', 'unit_price',
    'amount', 'allocated_amount', 'ssp', 'ssp_source', 'allocation_group', 'method', 'convention', 'start_date',
    'end_date', 'promised_date', 'booking_period',
] %}

with current_rows as (

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
        {{ to_amount('lines.allocated_minor', 'lines.exponent') }} as allocated_amount,
        {{ to_amount('lines.ssp_minor', 'lines.exponent') }} as ssp,
        lines.ssp_source,
        source_lines.allocation_group,
        lines.recognition_method as method,
        case when lines.recognition_method = 'ratable' then lines.recognition_convention end as convention,
        lines.start_date,
        lines.end_date,
        lines.promised_date,
        days.period as booking_period
    from {{ ref('line_allocations') }} as lines
    inner join {{ ref('accepted__contract_lines') }} as source_lines on lines.source_row = source_lines.source_row
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
    null, null, null, null, null

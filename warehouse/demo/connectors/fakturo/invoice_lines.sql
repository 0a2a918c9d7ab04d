select
    PositionNo as invoice_line_id,
    InvoiceNo as invoice_id,
    LineRef as contract_line_id,
    coalesce(strftime(try_strptime(ServiceFrom, '%d.%m.%Y'), '%Y-%m-%d'), ServiceFrom) as service_start,
    coalesce(strftime(try_strptime(ServiceTo, '%d.%m.%Y'), '%Y-%m-%d'), ServiceTo) as service_end,
    Net as amount,
    Tax as tax_amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__invoice_positions') }}

select
    reading as fulfillment_id,
    line as contract_line_id,
    day as event_date,
    'usage' as kind,
    value as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__metering') }}

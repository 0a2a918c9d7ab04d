select
    LineRef as contract_line_id,
    coalesce(strftime(try_strptime(PlannedOn, '%d.%m.%Y'), '%Y-%m-%d'), PlannedOn) as planned_date,
    Net as amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__billing_plan') }}

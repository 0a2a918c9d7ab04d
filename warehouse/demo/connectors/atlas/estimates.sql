select
    ForecastNo as estimate_id,
    OrderNo as contract_id,
    LineNo as contract_line_id,
    PricedWith as allocation_group,
    coalesce(strftime(try_strptime(ForecastOn, '%m/%d/%Y'), '%Y-%m-%d'), ForecastOn) as estimate_date,
    Variable as variable_amount,
    Constrained as constrained_amount,
    ReturnsPercent as expected_return_pct,
    Reason as reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__forecasts') }}

select
    EntryNo as fulfillment_id,
    LineNo as contract_line_id,
    coalesce(strftime(try_strptime(EntryDate, '%m/%d/%Y'), '%Y-%m-%d'), EntryDate) as event_date,
    case EntryType
        when 'Shipped' then 'delivery'
        when 'Returned' then 'return'
        when 'Progress' then 'progress'
        when 'Milestone' then 'milestone'
        else EntryType
    end as kind,
    Quantity as quantity,
    PercentDone as percent_complete,
    CostToDate as cost_to_date,
    CostForecast as cost_at_completion,
    Value as amount,
    Note as reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__service_log') }}

select
    AccountNo as customer_id,
    AccountName as customer_name,
    ParentNo as parent_customer_id,
    Tier as segment,
    Industry as industry,
    SalesRegion as region,
    Country as country,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__accounts') }}

select
    CustomerID as customer_id,
    CompanyName as customer_name,
    Country as country,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'northwind__customers') }}

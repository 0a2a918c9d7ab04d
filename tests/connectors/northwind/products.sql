-- Everything Northwind sells is goods, earned when they are shipped.
select
    ProductID as product_id,
    ProductName as product_name,
    'goods' as revenue_category,
    'point_in_time' as recognition_method,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'northwind__products') }}

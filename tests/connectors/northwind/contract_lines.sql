-- The source has no key of a line, but a product stands on an order only once. _amount is the money that
-- connector.yml declares; it is rounded here, once. A line also stands on its order's row: the promised date is there.
select
    details.OrderID || '-' || details.ProductID as contract_line_id,
    details.OrderID as contract_id,
    row_number() over (partition by details.OrderID order by details._row_id) as line_number,
    details.ProductID as product_id,
    details.Quantity as quantity,
    details.UnitPrice as unit_price,
    round(details._amount, 2) as amount,
    coalesce(strftime(try_strptime(orders.RequiredDate, '%m/%d/%Y'), '%Y-%m-%d'), orders.RequiredDate) as promised_date,
    [details._row_id, orders._row_id] as source_rows,
    details._rank as source_rank
from {{ source('lake', 'northwind__order_details') }} as details
left join {{ source('lake', 'northwind__orders') }} as orders on details.OrderID = orders.OrderID

-- An order is shipped whole: each of its lines is delivered on that day. What has no date yet is backlog.
select
    'S' || details.OrderID || '-' || details.ProductID as fulfillment_id,
    details.OrderID || '-' || details.ProductID as contract_line_id,
    coalesce(strftime(try_strptime(orders.ShippedDate, '%m/%d/%Y'), '%Y-%m-%d'), orders.ShippedDate) as event_date,
    'delivery' as kind,
    details.Quantity as quantity,
    [details._row_id, orders._row_id] as source_rows,
    orders._rank as source_rank
from {{ source('lake', 'northwind__order_details') }} as details
inner join {{ source('lake', 'northwind__orders') }} as orders on details.OrderID = orders.OrderID
where nullif(trim(orders.ShippedDate), '') is not null

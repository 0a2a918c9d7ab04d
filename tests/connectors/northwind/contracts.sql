-- An order is a contract, signed on its order date. A date that is none goes on as it stands, so that the gate names it.
select
    OrderID as contract_id,
    CustomerID as customer_id,
    'active' as status,
    coalesce(strftime(try_strptime(OrderDate, '%m/%d/%Y'), '%Y-%m-%d'), OrderDate) as signed_date,
    'USD' as currency,
    EmployeeID as sales_rep,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'northwind__orders') }}

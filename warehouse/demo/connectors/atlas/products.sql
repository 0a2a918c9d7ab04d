-- How an item is earned is a word of the sales department; one that is not known goes on as it stands, to be named.
select
    SKU as product_id,
    ItemName as product_name,
    Family as product_family,
    RevenueClass as revenue_category,
    case EarnedBy
        when 'Over time' then 'ratable'
        when 'On delivery' then 'point_in_time'
        when 'At start' then 'on_start'
        when 'By progress' then 'percent_complete'
        when 'By milestone' then 'milestone'
        when 'Metered' then 'usage'
        when 'Prepaid' then 'drawdown'
        when 'As billed' then 'as_invoiced'
        else EarnedBy
    end as recognition_method,
    replace(Proration, ' ', '_') as recognition_convention,
    lower(Pricing) as ssp_method,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__items') }}

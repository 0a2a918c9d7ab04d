-- What is sold is a product under one of its selling models: a month of the API and a year of it are two things, with
-- two prices and one recognition each. So the key is the one the price book uses, SKU;model, and a product without a
-- model (a component that is only sold inside a bundle) keeps its SKU.
-- Terms and evergreens are stood ready for over time. A one-time sale of hardware is earned on delivery; when a one-time
-- sale of anything else is, the source does not say: the contract line has to.
-- The family is the revenue category. `None` and `#N/A` are how the source writes that there is none, and the gate holds
-- a product whose revenue nobody could assign.
with options as (

    select
        "Product2.StockKeepingUnit" as sku,
        "ProductSellingModel.$$Name$SellingModelType" as model,
        max(_row_id) as option_row_id
    from {{ source('lake', 'salesforce_rlm__product_selling_model_option') }}
    group by 1, 2

)

select
    concat_ws(';', products.StockKeepingUnit, split_part(options.model, ';', 1)) as product_id,
    concat_ws(', ', products.Name, split_part(options.model, ';', 1)) as product_name,
    nullif(nullif(products.Family, '#N/A'), 'None') as product_family,
    lower(nullif(nullif(products.Family, '#N/A'), 'None')) as revenue_category,
    case
        when split_part(options.model, ';', 2) in ('TermDefined', 'Evergreen') then 'ratable'
        when split_part(options.model, ';', 2) = 'OneTime' and products.Family = 'Hardware' then 'point_in_time'
    end as recognition_method,
    list_filter([products._row_id, options.option_row_id], lambda row_id: row_id is not null) as source_rows,
    products._rank as source_rank
from {{ source('lake', 'salesforce_rlm__product2') }} as products
left join options on products.StockKeepingUnit = options.sku

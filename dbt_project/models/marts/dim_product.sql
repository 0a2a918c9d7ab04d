-- Grain: product.
-- Why: attributes as of the latest run; a product that published facts name stays, exported or not.

with current_rows as (

    select product_id, product_name, product_family, revenue_category, recognition_method, recognition_convention
    from {{ ref('accepted__products') }}

),

published as (

    select product_id, product_name, product_family, revenue_category, recognition_method, recognition_convention
    from {{ source('frozen', 'dim_product') }}
    where product_id not in ('(unknown)', '(not linked)')
        and product_id not in (select product_id from current_rows)

)

select * from current_rows
union all
select * from published
union all
select '(unknown)', 'Unknown product', null, null, null, null
union all
select '(not linked)', 'Not linked', null, null, null, null

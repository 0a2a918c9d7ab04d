-- Grain: customer.
-- Why: attributes as of the latest run; a customer that published facts name stays, exported or not.

with current_rows as (

    select customer_id, customer_name, parent_customer_id, segment, industry, region, country
    from {{ ref('accepted__customers') }}

),

published as (

    select customer_id, customer_name, parent_customer_id, segment, industry, region, country
    from {{ source('frozen', 'dim_customer') }}
    where customer_id not in ('(unknown)', '(not linked)')
        and customer_id not in (select customer_id from current_rows)

)

select * from current_rows
union all
select * from published
union all
select '(unknown)', 'Unknown customer', null, null, null, null, null
union all
select '(not linked)', 'Not linked', null, null, null, null, null

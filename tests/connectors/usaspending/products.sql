-- The product and service codes of the catalogue PSC: a code that begins with a digit is goods, with a letter services.
-- Goods are earned on delivery; the source knows of none, so they stay in backlog until another export delivers them.
-- Services are stood ready for over the period of performance.
select
    split_part(productorservicecode, ':', 1) as product_id,
    trim(split_part(productorservicecode, ':', 2)) as product_name,
    case when regexp_matches(productorservicecode, '^[0-9]') then 'goods' else 'services' end as revenue_category,
    case when regexp_matches(productorservicecode, '^[0-9]') then 'point_in_time' else 'ratable' end as recognition_method,
    [min(_row_id)] as source_rows,
    max(_rank) as source_rank
from {{ source('lake', 'usaspending__actions') }}
where nullif(productorservicecode, '') is not null
group by productorservicecode

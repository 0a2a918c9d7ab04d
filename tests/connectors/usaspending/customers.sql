-- The buyer is the contracting agency; the department above it is its parent, and a customer too.
with agencies as (

    select agencyid as agency, maj_agency_cat as department, _row_id, _rank
    from {{ source('lake', 'usaspending__actions') }}
    union all
    select maj_agency_cat as agency, maj_agency_cat as department, _row_id, _rank
    from {{ source('lake', 'usaspending__actions') }}

)

select
    split_part(agency, ':', 1) as customer_id,
    trim(split_part(agency, ':', 2)) as customer_name,
    nullif(split_part(department, ':', 1), split_part(agency, ':', 1)) as parent_customer_id,
    'government' as segment,
    'US' as country,
    [min(_row_id)] as source_rows,
    max(_rank) as source_rank
from agencies
group by agency, department

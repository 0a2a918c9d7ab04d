{%- for object in ['live', 'archive'] %}
select
    bill as invoice_id,
    min(client) as customer_id,
    min(day) as issue_date,
    upper(min(_currency)) as currency,
    'open' as status,
    list(_row_id order by _row_id) as source_rows,
    max(_rank) as source_rank
from {{ source('lake', 'depot__' ~ object) }}
group by bill
{{ 'union all' if not loop.last }}
{%- endfor %}

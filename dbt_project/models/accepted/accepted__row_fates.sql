-- Grain: raw row × exchange record that stands on it.
-- Why: completeness asks what became of every raw row (architecture.md 12). `amount` is the record's money. Of
-- identical rows folded into one, one is used, the others are not.

{% for entity in staged_entities() -%}
select
    '{{ entity }}' as entity,
    records.record_key,
    records.row_id,
    case
        when out.fate is not null then out.fate
        when records.row_id = records.source_row or records.identical_rows = 0 then 'used'
        else 'excluded'
    end as fate,
    records.amount
from (
    select
        record_key,
        source_row,
        identical_rows,
        {{ record_money(entity) }} as amount,
        {{ each_of('source_rows') }} as row_id
    from {{ ref('exchange__' ~ entity) }}
) as records
left join {{ ref('accepted__records_out') }} as out
    on out.entity = '{{ entity }}'
    and records.record_key = out.record_key
{{ 'union all' if not loop.last }}
{% endfor %}

-- Grain: raw row × exchange record that stands on it.
-- Why: completeness asks what became of every raw row (architecture.md 12). `amount` is the record's money, `currency`
-- its currency where rows of a connector name theirs. Of identical records folded into one, the rows of one are used.

{% set compared = namespace(entities=[]) %}
{% for object in lake_objects() if object.has_currency %}
    {% set compared.entities = compared.entities + (object.becomes | list) %}
{% endfor %}

{% for entity in staged_entities() -%}
{%- set currency = record_currency(entity) if entity in compared.entities
    else {'column': 'cast(null as ' ~ dbt.type_string() ~ ')', 'joins': ''} -%}
select
    '{{ entity }}' as entity,
    records.record_key,
    records.row_id,
    case
        when out.fate is not null then out.fate
        when records.is_repeated then 'excluded'
        else 'used'
    end as fate,
    records.amount,
    records.currency,
    records.is_alone
from (
    {%- for rows, is_repeated in [('source_rows', 'false'), ('repeated_rows', 'true')] %}
    select
        entity.record_key,
        {{ record_money(entity, 'entity') }} as amount,
        {{ currency.column }} as currency,
        {{ each_of('entity.' ~ rows) }} as row_id,
        {{ is_repeated }} as is_repeated,
        entity.identical_rows = 0 and {{ items_in('entity.source_rows') }} = 1 as is_alone
    from {{ ref('exchange__' ~ entity) }} as entity
    {{ currency.joins }}
    {%- if not loop.last %}
    union all
    {%- else %}
    where entity.identical_rows > 0
    {%- endif %}
    {%- endfor %}
) as records
left join {{ ref('accepted__records_out') }} as out
    on out.entity = '{{ entity }}'
    and records.record_key = out.record_key
{{ 'union all' if not loop.last }}
{% endfor %}

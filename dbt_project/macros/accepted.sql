{# The records of an exchange entity that are used: those that records_out doesn't name.
     replaced  column -> expression that takes its place, where a default or a link is filled in
     added     column -> expression
     joins     what these expressions read; `records` is the exchange entity #}
{% macro accepted_entity(replaced={}, added={}, joins='') -%}
    {%- set entity = model.name.split('__', 1)[1] -%}
    {%- set source = ref('exchange__' ~ entity) -%}
    {%- set out = ref('accepted__records_out') -%}
    {%- if execute -%}
    {%- set declared = graph.nodes['model.tieout.exchange__' ~ entity].columns.keys() | reject('equalto', 'parse_errors') | list %}
select
    {%- for column in declared %}
    {% if column in replaced %}{{ replaced[column] }} as {{ column }}{% else %}records.{{ column }}{% endif -%}
    {{ ',' if not loop.last or added }}
    {%- endfor %}
    {%- for column, expression in added.items() %}
    {{ expression }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ source }} as records
left join {{ out }} as out
    on out.entity = '{{ entity }}'
    and records.record_key = out.record_key
{{ joins }}
where out.record_key is null
    {%- else -%}
select 1 as accepted
    {%- endif -%}
{%- endmacro %}

{# A link to a contract, null where the contract is excluded: what is billed for it is an unlinked billing. #}
{% macro linked(column) -%}
case when contracts_out.fate is distinct from 'excluded' then {{ column }} end
{%- endmacro %}

{# The posting key (architecture.md posting 1): measure + event + line + every dimension that can change, as one
   text to join on. The separator is a control character, which the gate refuses in keys. #}

{% macro posting_key_columns() %}
    {{ return(['measure', 'event_id', 'event_type', 'contract_line_id', 'contract_id', 'accounting_contract_id',
               'customer_id', 'entity_id', 'product_id', 'currency']) }}
{% endmacro %}

{% macro posting_key() -%}
    md5({% for column in posting_key_columns() %}{{ column }}{{ " || chr(31) || " if not loop.last }}{% endfor %})
{%- endmacro %}

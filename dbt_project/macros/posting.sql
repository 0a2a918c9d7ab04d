{# The posting key (architecture.md posting 1): measure + event + line + every dimension that can change. It is
   published, so it is a text of its parts' making and no surrogate. The separator is a control character,
   which the gate refuses in keys. #}

{% macro dimension_columns() %}
    {{ return(['contract_line_id', 'contract_id', 'accounting_contract_id', 'customer_id', 'entity_id', 'product_id',
               'currency']) }}
{% endmacro %}

{% macro dimension_key() -%}
    md5({% for column in dimension_columns() %}{{ column }}{{ " || chr(31) || " if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro posting_key(measure, event_id, event_type, dimension_key) -%}
    md5({{ measure }} || chr(31) || {{ event_id }} || chr(31) || {{ event_type }} || chr(31) || {{ dimension_key }})
{%- endmacro %}

{# The amount columns that fct_* share, and the columns that say where a posted row comes from. #}
{% macro posted_amount(measure, minor) -%}
    {{ to_amount('posted.' ~ minor, 'dimensions.exponent') }} as {{ measure }},
    {{ in_reporting_currency(to_amount('posted.' ~ minor, 'dimensions.exponent'), 'dimensions.currency') }} as {{ measure }}_reporting
{%- endmacro %}

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

{# The amount columns that fct_* share: in the contract's currency, the entity's functional one and the reporting one. #}
{% macro posted_amount(measure, stem='') -%}
    {{ to_amount('posted.' ~ (stem or 'amount_') ~ 'minor', 'dimensions.exponent') }} as {{ measure }},
    {{ to_amount('posted.' ~ stem ~ 'functional_minor', 'dimensions.functional_exponent') }} as {{ measure }}_functional,
    {{ to_amount('posted.' ~ stem ~ 'reporting_minor', 'dimensions.reporting_exponent') }} as {{ measure }}_reporting
{%- endmacro %}

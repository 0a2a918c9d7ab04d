{# Where a model lands: `exchange__contracts` is table `contracts` of schema `exchange`; every other
   model takes its folder's schema. Names are the product's interface, so no target prefix is added. #}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if '__' in node.name and custom_schema_name is none -%}
        {{ node.name.split('__')[0] }}
    {%- elif custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name, node) -%}
    {%- if custom_alias_name is not none -%}
        {{ custom_alias_name | trim }}
    {%- elif '__' in node.name and not node.name.startswith('stg_') -%}
        {{ node.name.split('__', 1)[1] }}
    {%- else -%}
        {{ node.name }}
    {%- endif -%}
{%- endmacro %}

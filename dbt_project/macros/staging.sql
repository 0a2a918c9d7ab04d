{# Which connectors feed which exchange entity: [[model, system], …]. Assembling a workspace's project
   (warehouse/transform.py) replaces this file by the list of its enabled connectors; as it stands here it
   describes the shipped project alone, so that it can be parsed and linted without a workspace. #}

{% macro staging_models(entity) -%}
    {{ return([['stg_files__' ~ entity, 'files']]) }}
{%- endmacro %}

{# Objects of the enabled connectors: [{'system', 'object', 'money_column', 'currency_column'}, …]. #}
{% macro lake_objects() -%}
    {{ return([]) }}
{%- endmacro %}

{# What is left of a variable estimate that concessions have used: it is never above what they used of it, whatever a
   later version says (accounting.md §6). #}
{% macro estimate_left(variable, used) -%}
    (case when {{ used }} > 0 then least({{ variable }}, -{{ used }}) else {{ variable }} end)
{%- endmacro %}

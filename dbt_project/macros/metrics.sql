{# The ratios of a period that rpt_bbb has as columns and rpt_metrics as rows. #}
{% macro ratios_of_periods() -%}
    {{ return(['book_to_bill', 'revenue_recognition_rate', 'backlog_coverage_months', 'backlog_growth']) }}
{%- endmacro %}

{# Calendar arithmetic shared by the recognition rules: a month is the integer 12 × year + month − 1. #}

{% macro month_index(day) -%}cast(year({{ day }}) * 12 + month({{ day }}) - 1 as integer){%- endmacro %}

{% macro first_of_month(day) -%}{{ add_days(day, '1 - day(' ~ day ~ ')') }}{%- endmacro %}

{% macro days_in_month(day) -%}cast(day(last_day({{ day }})) as integer){%- endmacro %}

{# Before every date of a contract: dates end at 1990 (quality.md). #}
{% macro first_day() -%}cast('1900-01-01' as date){%- endmacro %}

{# The last day of so many calendar months after a period: a month's end is followed by months' ends. #}
{% macro months_after(end_date, months) -%}
    case
        when {{ end_date }} = last_day({{ end_date }}) then last_day({{ add_months(end_date, months) }})
        else {{ add_months(end_date, months) }}
    end
{%- endmacro %}

{# What backlog, remaining performance obligations and receivables share (accounting.md §7). #}

{# Whether the customer of a contract may leave at will: a substantive penalty makes it count as non-cancellable. #}
{% macro is_cancellable(contract) -%}
    (coalesce({{ contract }}.termination_for_convenience, false) and coalesce({{ contract }}.termination_penalty, 0) = 0)
{%- endmacro %}

{# The amount, as far as it lies between 0 and a limit of either sign. #}
{% macro between_zero_and(amount, limit) -%}
    case when {{ limit }} >= 0 then greatest(least({{ amount }}, {{ limit }}), 0) else least(greatest({{ amount }}, {{ limit }}), 0) end
{%- endmacro %}

{# How long something is overdue, in the words of the reports: by days since the day agreed, null without one. #}
{% macro age_bucket(days, without_a_day) -%}
    case
        when {{ days }} is null then '{{ without_a_day }}'
        when {{ days }} <= 0 then 'not due'
        when {{ days }} <= 30 then '1-30'
        when {{ days }} <= 60 then '31-60'
        when {{ days }} <= 90 then '61-90'
        when {{ days }} <= 120 then '91-120'
        else 'over 120'
    end
{%- endmacro %}

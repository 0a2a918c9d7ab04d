{# What backlog and remaining performance obligations share (accounting.md §7). #}

{# Whether the customer of a contract may leave at will: a substantive penalty makes it count as non-cancellable. #}
{% macro is_cancellable(contract) -%}
    (coalesce({{ contract }}.termination_for_convenience, false) and coalesce({{ contract }}.termination_penalty, 0) = 0)
{%- endmacro %}

{# The amount, as far as it lies between 0 and a limit of either sign. #}
{% macro between_zero_and(amount, limit) -%}
    case when {{ limit }} >= 0 then greatest(least({{ amount }}, {{ limit }}), 0) else least(greatest({{ amount }}, {{ limit }}), 0) end
{%- endmacro %}

{# Bad debt (accounting.md §6 Write-off). Used twice on purpose: for what is published, and in the rounds of a contract's
   money, where a later credit for a cancellation asks what is left billed. #}

{# Of what a contract has written off, what was earned and not paid: the expense. All without tax and cumulative. #}
{% macro bad_debt_expense(written_off, recognized, paid) -%}
    greatest(0, least({{ written_off }}, {{ recognized }} - {{ paid }}))
{%- endmacro %}

{# By what the rest, never earned, comes off the billing of a contract's lines: what is billed and not earned; nothing is:
   what is billed; nothing is: the first line. #}
{% macro never_earned_weight(billed, recognized, lines, first_line) -%}
    case
            when sum(greatest({{ billed }} - ({{ recognized }}), 0)) over ({{ lines }}) > 0
                then greatest({{ billed }} - ({{ recognized }}), 0)
            when sum(greatest({{ billed }}, 0)) over ({{ lines }}) > 0 then greatest({{ billed }}, 0)
            when row_number() over ({{ first_line }}) = 1 then 1
            else 0
        end
{%- endmacro %}

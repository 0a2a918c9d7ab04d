{# Until when a line earns (accounting.md §6 stop_on_uncollectible): `earned_until` of a relation of lines is the last day
   of which anything that is done, used or invoiced, and time itself, still counts; null: it goes on. What was earned
   stays, and amendments, estimates and credits count whenever they are. #}

{# True where what happens on the day still earns something. #}
{% macro still_earns(lines, day) -%}
    coalesce({{ day }} <= {{ lines }}.earned_until, true)
{%- endmacro %}

{# The day as of which it is read how far a line has come by another day. #}
{% macro read_on(lines, day) -%}
    least({{ day }}, {{ lines }}.earned_until)
{%- endmacro %}

{# The grain of a model: its key is there, and once. Facts have none of it in the nightly run: a unique test on a
   big fact was measured to cost more than building it; the test suite checks their posting_id. #}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}, count(*) as rows_of_key
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}

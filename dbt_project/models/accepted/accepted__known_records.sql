-- Grain: entity × record that is used and that figures can stand on.
-- Why: what figures stand on, in which version and from which row: tells late from corrected at the next close, what
-- has vanished since, and where an auditor looks. A document over several contracts is kept under the first of them
-- that is no draft; one of no contract, and what the price list says, has none.
-- A view: it is asked twice, and writing it took three times what it takes to compute it.
{{ config(materialized='view') }}

{% for entity in entities_of_contracts() -%}
select
    '{{ entity }}' as entity,
    record_key,
    contract_id,
    {{ 'cast(null as ' ~ dbt.type_string() ~ ')' if entity in ('contracts', 'payments') else 'contract_line_id' }} as contract_line_id,
    record_version,
    source_row
from {{ ref('accepted__' ~ entity) }}

union all

{% endfor -%}
{% for entity, relation in [('products', 'accepted__products'), ('ssp_prices', 'exchange__ssp_prices')] -%}
select
    '{{ entity }}' as entity,
    record_key,
    cast(null as {{ dbt.type_string() }}) as contract_id,
    cast(null as {{ dbt.type_string() }}) as contract_line_id,
    record_version,
    source_row
from {{ ref(relation) }}

union all

{% endfor -%}
{% for document, key in [('invoice', 'invoice_id'), ('credit_note', 'credit_note_id')] -%}
select
    '{{ document }}s' as entity,
    documents.record_key,
    lines.contract_id,
    cast(null as {{ dbt.type_string() }}) as contract_line_id,
    documents.record_version,
    documents.source_row
from {{ ref('accepted__' ~ document ~ 's') }} as documents
left join (
    select {{ key }}, min(contract_id) as contract_id from {{ ref('accepted__' ~ document ~ '_lines') }} group by {{ key }}
) as lines on documents.{{ key }} = lines.{{ key }}
{{ 'union all' if not loop.last }}

{% endfor -%}

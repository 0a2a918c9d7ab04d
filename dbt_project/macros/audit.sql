{# What completeness and the lists of records that are not used share. #}

{# Fates from the strongest on: of a row behind several records, the strongest use decides. #}
{% macro fates() -%}
    {{ return(['used', 'excluded', 'quarantined', 'held', 'later', 'unmapped']) }}
{%- endmacro %}

{% macro fate_strength(fate) -%}
(case {{ fate }} {% for name in fates() %}when '{{ name }}' then {{ loop.index }} {% endfor %}end)
{%- endmacro %}

{% macro fate_of_strength(strength) -%}
(case {{ strength }} {% for name in fates() %}when {{ loop.index }} then '{{ name }}' {% endfor %}end)
{%- endmacro %}

{# The entities whose records belong to a contract, documents aside: what figures stand on, and must not vanish. #}
{% macro entities_of_contracts() -%}
    {{ return([
        'contracts', 'contract_lines', 'amendments', 'estimates', 'fulfillments', 'invoice_lines', 'credit_note_lines', 'payments',
        'opening_balances', 'adjustments',
    ]) }}
{%- endmacro %}

{# The money column of an exchange entity (meta.money of its YAML). #}
{% macro record_money(entity, relation) -%}
    {%- set money = graph.nodes['model.tieout.exchange__' ~ entity].config.meta.get('money') if execute -%}
    cast({{ relation ~ '.' ~ money if money else 'null' }} as decimal(18, 3))
{%- endmacro %}

{# The currency of an exchange entity's records: {'column': …, 'joins': …}. A record of a contract or document without a
   currency of its own has that of the one it belongs to. #}
{% macro record_currency(entity) -%}
    {%- set of_contract = ['contract_lines', 'amendments', 'estimates'] -%}
    {%- set of_line = ['fulfillments', 'billing_schedule', 'opening_balances', 'adjustments'] -%}
    {%- set of_document = {'invoice_lines': 'invoices', 'credit_note_lines': 'credit_notes'} -%}
    {%- if entity in of_contract -%}
        {{ return({'column': 'contracts.currency', 'joins':
            'left join ' ~ ref('exchange__contracts') ~ ' as contracts on entity.contract_id = contracts.contract_id'}) }}
    {%- elif entity in of_line -%}
        {{ return({'column': 'contracts.currency', 'joins':
            'left join ' ~ ref('exchange__contract_lines') ~ ' as lines on entity.contract_line_id = lines.contract_line_id '
            ~ 'left join ' ~ ref('exchange__contracts') ~ ' as contracts on lines.contract_id = contracts.contract_id'}) }}
    {%- elif entity in of_document -%}
        {%- set document = of_document[entity] -%}
        {%- set key = document[:-1] ~ '_id' -%}
        {{ return({'column': 'documents.currency', 'joins':
            'left join ' ~ ref('exchange__' ~ document) ~ ' as documents on entity.' ~ key ~ ' = documents.' ~ key}) }}
    {%- else -%}
        {{ return({'column': 'entity.currency', 'joins': ''}) }}
    {%- endif -%}
{%- endmacro %}

{# File, row and hash of a row id, from run.source_files as `files`. #}
{% macro source_place(row_id) -%}
    files.path as source_file,
    cast({{ row_of_file(row_id) }} as bigint) as source_row,
    files.sha256 as file_sha256
{%- endmacro %}

{% macro source_join(row_id) -%}
left join {{ source('run', 'source_files') }} as files
        on {{ file_of_row(row_id) }} = files.file_id
{%- endmacro %}

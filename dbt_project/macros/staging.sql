{# What feeds the exchange entities. Assembling a workspace's project (warehouse/transform.py) replaces this file
   by the list of its enabled connectors; as it stands here it describes the shipped connector `files` alone, so
   that the shipped project can be parsed and linted without a workspace. #}

{% macro staged_entities() -%}
    {{ return([
        'account_mapping', 'accounting_periods', 'adjustments', 'amendments', 'billing_schedule', 'contract_lines',
        'contracts', 'credit_note_lines', 'credit_notes', 'customers', 'entities', 'estimates', 'fulfillments',
        'fx_rates', 'gl_accounts', 'gl_journal_lines', 'invoice_lines', 'invoices', 'key_map', 'opening_balances',
        'payments', 'products', 'ssp_prices',
    ]) }}
{%- endmacro %}

{# Staging models of an exchange entity: [[model, system], …]. #}
{% macro staging_models(entity) -%}
    {{ return([['stg_files__' ~ entity, 'files']]) }}
{%- endmacro %}

{# Objects of the connectors, with which sign their money stands in which entity, and whether their rows name its
   currency: [{'system', 'object', 'becomes', 'has_currency'}, …]. #}
{% macro lake_objects() -%}
    {{ return([
        {'system': 'files', 'object': 'contracts', 'becomes': {'contracts': 1}, 'has_currency': true},
        {'system': 'files', 'object': 'invoice_lines', 'becomes': {'invoice_lines': 1}, 'has_currency': false},
    ]) }}
{%- endmacro %}

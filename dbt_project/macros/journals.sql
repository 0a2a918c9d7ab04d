{# What a posted flow of a document enters (accounting.md §8): journal, which flows, and of each role the sign of a debit and
   whether net amount and tax go to it. The journal entries and the reconciliation by document are two readings of it. #}
{% macro document_sides() -%}
    {{ return([
        ('billing', "measure in ('billed', 'not_yet_counted') and not is_unlinked", [
            ('accounts_receivable', '1', true, true), ('deferred_revenue', '-1', true, false), ('tax_payable', '-1', false, true),
        ]),
        ('cash', "measure = 'paid' and not is_unlinked", [
            ('cash', '-1', true, false), ('accounts_receivable', '1', true, false),
        ]),
        ('cash', "measure = 'deposited' and not is_unlinked", [
            ('accounts_receivable', '1', true, false), ('customer_deposits', '-1', true, false),
        ]),
        ('cash', "measure = 'deposited' and is_unlinked", [
            ('cash', '1', true, false), ('customer_deposits', '-1', true, false),
        ]),
        ('bad_debt', "measure = 'bad_debt'", [
            ('bad_debt', '-1', true, false), ('tax_payable', '-1', false, true), ('accounts_receivable', '1', true, true),
        ]),
    ]) }}
{%- endmacro %}

{# A posted amount, signed as it changes contracted − recognized, billed − recognized, billed − paid and what is deposited. #}
{% macro as_flow(measure, amount) -%}
    case when {{ measure }} in ('recognized', 'paid', 'bad_debt') then -{{ amount }} else {{ amount }} end
{%- endmacro %}

{% macro tax_as_flow(measure, tax) -%}
    case when {{ measure }} = 'bad_debt' then -{{ tax }} else {{ tax }} end
{%- endmacro %}

{# The journal that a document of an export is of: a second export of 2026-03:us:USD:billing is …:billing:2. #}
{% macro without_export_number(document) -%}
    case when {{ document }} like '%:%' then regexp_replace({{ document }}, ':[0-9]+$', '') else {{ document }} end
{%- endmacro %}

-- Grain: invoice_lines record, one a key (invoice_line_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

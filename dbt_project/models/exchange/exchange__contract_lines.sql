-- Grain: contract_lines record, one a key (contract_line_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

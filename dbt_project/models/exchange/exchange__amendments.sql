-- Grain: amendments record, one a key (amendment_id, contract_line_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

-- Grain: opening_balances record, one a key (contract_line_id, as_of_date).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

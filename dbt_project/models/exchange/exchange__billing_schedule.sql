-- Grain: billing_schedule record, one a key (contract_line_id, planned_date).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

-- Grain: account_mapping record, one a key (revenue_category, entity_id, role, valid_from).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

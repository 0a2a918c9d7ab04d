-- Grain: entities record, one a key (entity_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

-- Grain: key_map record, one a key (entity, system, source_key).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

-- Grain: products record, one a key (product_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

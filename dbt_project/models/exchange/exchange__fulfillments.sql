-- Grain: fulfillments record, one a key (fulfillment_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

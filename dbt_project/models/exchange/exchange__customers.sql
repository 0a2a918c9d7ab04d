-- Grain: customers record, one a key (customer_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

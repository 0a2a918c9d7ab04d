-- Grain: payments record, one a key (payment_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

-- Grain: ssp_prices record, one a key (product_id, currency, valid_from).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

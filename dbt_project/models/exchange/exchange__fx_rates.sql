-- Grain: fx_rates record, one a key (rate_date, from_currency, to_currency).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

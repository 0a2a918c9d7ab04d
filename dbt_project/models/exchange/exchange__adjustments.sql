-- Grain: adjustments record, one a key (adjustment_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

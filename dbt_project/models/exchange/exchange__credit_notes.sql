-- Grain: credit_notes record, one a key (credit_note_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

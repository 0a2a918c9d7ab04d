-- Grain: credit_note_lines record, one a key (credit_note_line_id).
-- Why: text of all connectors becomes typed values once, strictly (macros/exchange.sql).
{{ exchange_entity() }}

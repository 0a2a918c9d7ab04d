-- Grain: accepted contract line.
-- Why: the posting key under which a line's revenue stands now.

select
    contract_line_id,
    dimension_id,
    {{ posting_key("'recognized'", "''", "''", 'dimension_key') }} as posting_key
from {{ ref('dimension_sets') }}
where is_current_line

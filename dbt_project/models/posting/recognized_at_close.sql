-- Grain: contract line with a segment in force at the end of the last closed period.
-- Why: what the line has earned by then as known now, to hold against what was frozen.

select contract_line_id, cast(sum(recognized_minor) as bigint) as recognized_minor
from {{ ref('layers_at_close') }}
group by contract_line_id

select *, [_row_id] as source_rows, _rank as source_rank from {{ source('lake', 'files__amendments') }}

select
    SKU as product_id,
    Currency as currency,
    coalesce(strftime(try_strptime(ValidFrom, '%m/%d/%Y'), '%Y-%m-%d'), ValidFrom) as valid_from,
    ListPrice as ssp_unit,
    Per as ssp_per,
    Floor as ssp_low,
    Ceiling as ssp_high,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__price_book') }}

with quoted as (

    select
        "Date" as rate_date,
        unnest([
        {'currency': 'USD', 'rate': "USD"},
        {'currency': 'JPY', 'rate': "JPY"},
        {'currency': 'BGN', 'rate': "BGN"},
        {'currency': 'CYP', 'rate': "CYP"},
        {'currency': 'CZK', 'rate': "CZK"},
        {'currency': 'DKK', 'rate': "DKK"},
        {'currency': 'EEK', 'rate': "EEK"},
        {'currency': 'GBP', 'rate': "GBP"},
        {'currency': 'HUF', 'rate': "HUF"},
        {'currency': 'LTL', 'rate': "LTL"},
        {'currency': 'LVL', 'rate': "LVL"},
        {'currency': 'MTL', 'rate': "MTL"},
        {'currency': 'PLN', 'rate': "PLN"},
        {'currency': 'ROL', 'rate': "ROL"},
        {'currency': 'RON', 'rate': "RON"},
        {'currency': 'SEK', 'rate': "SEK"},
        {'currency': 'SIT', 'rate': "SIT"},
        {'currency': 'SKK', 'rate': "SKK"},
        {'currency': 'CHF', 'rate': "CHF"},
        {'currency': 'ISK', 'rate': "ISK"},
        {'currency': 'NOK', 'rate': "NOK"},
        {'currency': 'HRK', 'rate': "HRK"},
        {'currency': 'RUB', 'rate': "RUB"},
        {'currency': 'TRL', 'rate': "TRL"},
        {'currency': 'TRY', 'rate': "TRY"},
        {'currency': 'AUD', 'rate': "AUD"},
        {'currency': 'BRL', 'rate': "BRL"},
        {'currency': 'CAD', 'rate': "CAD"},
        {'currency': 'CNY', 'rate': "CNY"},
        {'currency': 'HKD', 'rate': "HKD"},
        {'currency': 'IDR', 'rate': "IDR"},
        {'currency': 'ILS', 'rate': "ILS"},
        {'currency': 'INR', 'rate': "INR"},
        {'currency': 'KRW', 'rate': "KRW"},
        {'currency': 'MXN', 'rate': "MXN"},
        {'currency': 'MYR', 'rate': "MYR"},
        {'currency': 'NZD', 'rate': "NZD"},
        {'currency': 'PHP', 'rate': "PHP"},
        {'currency': 'SGD', 'rate': "SGD"},
        {'currency': 'THB', 'rate': "THB"},
        {'currency': 'ZAR', 'rate': "ZAR"}
        ]) as quote,
        _row_id,
        _rank
    from {{ source('lake', 'ecb__eurofxref_hist') }}

)

select
    rate_date,
    'EUR' as from_currency,
    quote.currency as to_currency,
    quote.rate as rate,
    [_row_id] as source_rows,
    _rank as source_rank
from quoted
where trim(quote.rate) not in ('', 'N/A')

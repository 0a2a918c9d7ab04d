-- Grain: ISO 4217 currency.
-- Why: money is an integer of the currency's minor unit, so every amount asks for its exponent (accounting.md §1).
-- Codes that no invoice can be written in are left out: precious metals, drawing rights, testing codes, and the
-- two units of account with four decimals (CLF, UYW), which an amount of three decimals can't hold.

with currencies (currency, exponent) as (

    values
        ('AED', 2), ('AFN', 2), ('ALL', 2), ('AMD', 2), ('AOA', 2), ('ARS', 2), ('AUD', 2), ('AWG', 2),
        ('AZN', 2), ('BAM', 2), ('BBD', 2), ('BDT', 2), ('BHD', 3), ('BIF', 0), ('BMD', 2), ('BND', 2),
        ('BOB', 2), ('BOV', 2), ('BRL', 2), ('BSD', 2), ('BTN', 2), ('BWP', 2), ('BYN', 2), ('BZD', 2),
        ('CAD', 2), ('CDF', 2), ('CHE', 2), ('CHF', 2), ('CHW', 2), ('CLP', 0), ('CNY', 2), ('COP', 2),
        ('COU', 2), ('CRC', 2), ('CUP', 2), ('CVE', 2), ('CZK', 2), ('DJF', 0), ('DKK', 2), ('DOP', 2),
        ('DZD', 2), ('EGP', 2), ('ERN', 2), ('ETB', 2), ('EUR', 2), ('FJD', 2), ('FKP', 2), ('GBP', 2),
        ('GEL', 2), ('GHS', 2), ('GIP', 2), ('GMD', 2), ('GNF', 0), ('GTQ', 2), ('GYD', 2), ('HKD', 2),
        ('HNL', 2), ('HTG', 2), ('HUF', 2), ('IDR', 2), ('ILS', 2), ('INR', 2), ('IQD', 3), ('IRR', 2),
        ('ISK', 0), ('JMD', 2), ('JOD', 3), ('JPY', 0), ('KES', 2), ('KGS', 2), ('KHR', 2), ('KMF', 0),
        ('KPW', 2), ('KRW', 0), ('KWD', 3), ('KYD', 2), ('KZT', 2), ('LAK', 2), ('LBP', 2), ('LKR', 2),
        ('LRD', 2), ('LSL', 2), ('LYD', 3), ('MAD', 2), ('MDL', 2), ('MGA', 2), ('MKD', 2), ('MMK', 2),
        ('MNT', 2), ('MOP', 2), ('MRU', 2), ('MUR', 2), ('MVR', 2), ('MWK', 2), ('MXN', 2), ('MXV', 2),
        ('MYR', 2), ('MZN', 2), ('NAD', 2), ('NGN', 2), ('NIO', 2), ('NOK', 2), ('NPR', 2), ('NZD', 2),
        ('OMR', 3), ('PAB', 2), ('PEN', 2), ('PGK', 2), ('PHP', 2), ('PKR', 2), ('PLN', 2), ('PYG', 0),
        ('QAR', 2), ('RON', 2), ('RSD', 2), ('RUB', 2), ('RWF', 0), ('SAR', 2), ('SBD', 2), ('SCR', 2),
        ('SDG', 2), ('SEK', 2), ('SGD', 2), ('SHP', 2), ('SLE', 2), ('SOS', 2), ('SRD', 2), ('SSP', 2),
        ('STN', 2), ('SVC', 2), ('SYP', 2), ('SZL', 2), ('THB', 2), ('TJS', 2), ('TMT', 2), ('TND', 3),
        ('TOP', 2), ('TRY', 2), ('TTD', 2), ('TWD', 2), ('TZS', 2), ('UAH', 2), ('UGX', 0), ('USD', 2),
        ('USN', 2), ('UYI', 0), ('UYU', 2), ('UZS', 2), ('VED', 2), ('VES', 2), ('VND', 0), ('VUV', 0),
        ('WST', 2), ('XAD', 2), ('XAF', 0), ('XCD', 2), ('XCG', 2), ('XOF', 0), ('XPF', 0), ('YER', 2),
        ('ZAR', 2), ('ZMW', 2), ('ZWG', 2),
        -- withdrawn, but contracts and invoices of their time are written in them
        ('ANG', 2), ('ATS', 2), ('BEF', 0), ('BGN', 2), ('BYR', 0), ('CUC', 2), ('CYP', 2), ('DEM', 2),
        ('EEK', 2), ('ESP', 0), ('FIM', 2), ('FRF', 2), ('GRD', 0), ('HRK', 2), ('IEP', 2), ('ITL', 0),
        ('LTL', 2), ('LVL', 2), ('MRO', 2), ('MTL', 2), ('MZM', 2), ('NLG', 2), ('PTE', 0), ('ROL', 2),
        ('SIT', 2), ('SKK', 2), ('SLL', 2), ('STD', 2), ('TRL', 0), ('VEB', 2), ('VEF', 2), ('ZMK', 2),
        ('ZWL', 2)

),

final as (

    select
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(exponent as integer) as exponent
    from currencies

)

select * from final

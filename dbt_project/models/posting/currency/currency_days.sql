-- Grain: currency pair × day.
-- Why: what an event of a day is translated by, currency → functional → reporting, as fractions of minor units.

{{ rates_of_pairs(ref('daily_rates'), ['rate_day']) }}

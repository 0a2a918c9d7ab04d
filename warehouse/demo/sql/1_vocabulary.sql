-- What Brightwater is and sells: companies, currencies, products, price lists, offers, and the lives of its contracts.
-- Reads the variables seed, contracts, months and the last days of the three closed months (warehouse/demo/company.py).

-- A number from 0 to n - 1 that is the same on any machine: what is rolled for is named by key and purpose.
create macro roll(key, purpose, n) as
    cast(md5_number_lower(concat_ws('|', getvariable('seed'), key, purpose)) % n as integer);

-- Money is minor units until it is written. A share of it in percent, half away from zero.
create macro percent(minor, share) as
    cast(sign(minor) * sign(share) * ((abs(cast(minor as bigint)) * abs(share) + 50) // 100) as bigint);

-- What of an amount belongs to the first `part` of `whole` equal parts: differences of it add up to the amount.
create macro through(minor, part, whole) as
    cast(minor as bigint) * part // whole;

create macro key_of(letter, number) as
    letter || '-' || lpad(
        cast(number as varchar), cast(greatest(5, length(cast(getvariable('contracts') as varchar))) as integer), '0'
    );

create macro first_of_month(day) as cast(date_trunc('month', day) as date);
create macro months_after(day, n) as cast(day + to_months(cast(n as integer)) as date);

create table waves as
select *
from (
    values
    (1, getvariable('first_close')),
    (2, getvariable('second_close')),
    (3, getvariable('third_close'))
) as closes (wave, closed_through)
cross join lateral (select closed_through + 4 as exported, closed_through + 5 as as_of);

-- The first wave whose exports can hold what happened on a day.
create macro seen(day) as
    case
        when day <= getvariable('first_close') + 4 then 1
        when day <= getvariable('second_close') + 4 then 2
        when day <= getvariable('third_close') + 4 then 3
        else 9
    end;

create table currencies as
select *
from (
    -- a list price is the dollar price x times / per, in whole steps of minor units
    values
    ('USD', 2, 100, 100, 1, 1000000),
    ('CAD', 2, 135, 100, 50, 731000),
    ('EUR', 2, 90, 100, 50, 1082000),
    ('GBP', 2, 80, 100, 50, 1271000),
    ('JPY', 0, 145, 100, 10, 6700),
    ('KWD', 3, 310, 100, 50, 3254000)
) as t (currency, exponent, times, per, step, millionths_of_a_dollar);

create table companies as
select *
from (
    values
    ('BW-US', 'Brightwater Telemetry, Inc.', 'USD', 'America/New_York', 0),
    ('BW-EU', 'Brightwater Telemetry Europe B.V.', 'EUR', 'Europe/Amsterdam', 21),
    ('BW-JP', 'Brightwater Telemetry Japan K.K.', 'JPY', 'Asia/Tokyo', 10),
    ('BW-KW', 'Brightwater Telemetry Gulf W.L.L.', 'KWD', 'Asia/Kuwait', 0)
) as t (entity_id, entity_name, currency, time_zone, tax_percent);

-- Where customers are, how many of a hundred, and which company sells to them in which currency.
create table countries as
select *, sum(share) over (order by place) - share as from_share, sum(share) over (order by place) as to_share
from (
    values
    (1, 'US', 'East', 'BW-US', 'USD', 26, 'Inc.'),
    (2, 'US', 'Midwest', 'BW-US', 'USD', 14, 'LLC'),
    (3, 'US', 'West', 'BW-US', 'USD', 12, 'Corp.'),
    (4, 'CA', 'Canada', 'BW-US', 'CAD', 7, 'Ltd.'),
    (5, 'NL', 'Benelux', 'BW-EU', 'EUR', 9, 'B.V.'),
    (6, 'DE', 'DACH', 'BW-EU', 'EUR', 10, 'GmbH'),
    (7, 'GB', 'UK', 'BW-EU', 'GBP', 8, 'plc'),
    (8, 'JP', 'Japan', 'BW-JP', 'JPY', 8, 'K.K.'),
    (9, 'KW', 'Gulf', 'BW-KW', 'KWD', 6, 'W.L.L.')
) as t (place, country, region, entity_id, currency, share, legal_form);

create table products as
select *
from (
    values
    ('COLDLINE', 'Coldline monitoring, per site', 'Platform', 'subscription', 'ratable', 'monthly', 9500, 'month'),
    ('FLEET', 'FleetView transport monitoring, per vehicle', 'Platform', 'subscription', 'ratable', 'daily', 2400, 'month'),
    ('SUPPORT', 'Premium support', 'Platform', 'support', 'ratable', 'full_month', 30000, 'month'),
    ('CARE', 'Device care, per logger', 'Platform', 'support', 'ratable', 'mid_month', 300, 'month'),
    ('RENT-40', 'TL-40 rental, per logger', 'Hardware', 'rental', 'ratable', 'half_month', 1500, 'month'),
    ('VAULT', 'Compliance archive', 'Platform', 'subscription', 'ratable', 'even_period', 20000, 'month'),
    ('TL-40', 'TL-40 wireless logger', 'Hardware', 'hardware', 'point_in_time', null, 18000, 'unit'),
    ('TL-60', 'TL-60 cryo logger', 'Hardware', 'hardware', 'point_in_time', null, 26000, 'unit'),
    ('GW-2', 'GW-2 gateway', 'Hardware', 'hardware', 'point_in_time', null, 64000, 'unit'),
    ('ONBOARD', 'Onboarding and training', 'Services', 'services', 'point_in_time', null, 450000, 'unit'),
    ('CALIB', 'Calibration certificate', 'Services', 'services', 'point_in_time', null, 6000, 'unit'),
    ('INSTALL', 'Cold-chain installation, per site', 'Services', 'services', 'percent_complete', null, 800000, 'unit'),
    ('VALID', 'GxP validation, per site', 'Services', 'services', 'milestone', null, 900000, 'unit'),
    ('ONPREM', 'Coldline on premises, licence', 'Software', 'licence', 'on_start', null, 3600000, 'unit'),
    ('DATA', 'SMS and data, per 1,000 messages', 'Usage', 'usage', 'usage', null, 5000, 'unit'),
    ('SMS-PACK', 'Prepaid SMS pack', 'Usage', 'usage', 'drawdown', null, 120000, 'unit'),
    ('HOURS', 'Engineering, per hour', 'Services', 'services', 'as_invoiced', null, 15000, 'unit'),
    ('FIRMWARE', 'Custom firmware', 'Software', 'licence', 'on_start', null, 1500000, 'unit'),
    ('BUNDLE', 'Bundle discount', 'Discounts', 'discount', null, null, null, null)
) as t (product_id, product_name, family, category, method, convention, dollar_cents, per);

-- A list a year, 3 % above the one before; from the year before the history, because some sign early.
create table prices as
select
    products.product_id,
    products.per,
    currencies.currency,
    make_date(years.year, 1, 1) as valid_from,
    make_date(years.year + 1, 1, 1) as valid_before,
    cast((percent(products.dollar_cents, 100 + 3 * (years.year - getvariable('first_year')))
        * currencies.times // currencies.per + currencies.step // 2) // currencies.step * currencies.step as bigint) as price_minor
from products
cross join currencies
cross join (
    select unnest(range(getvariable('first_year') - 1, year(getvariable('third_close')) + 2)) as year
) as years
where products.dollar_cents is not null;

-- What is sold together: quantities from least to most.
create table offer_lines as
select *
from (
    values
    ('platform', 1, 'COLDLINE', 5, 60, null),
    ('fleet', 1, 'FLEET', 20, 200, null),
    ('fleet', 2, 'SUPPORT', 1, 1, null),
    ('starter', 1, 'COLDLINE', 10, 40, null),
    ('starter', 2, 'TL-40', 40, 160, null),
    ('starter', 3, 'GW-2', 4, 12, null),
    ('starter', 4, 'ONBOARD', 1, 1, null),
    ('starter', 5, 'BUNDLE', 1, 1, null),
    ('hardware', 1, 'TL-60', 20, 120, null),
    ('hardware', 2, 'GW-2', 2, 10, null),
    ('rental', 1, 'RENT-40', 30, 150, null),
    ('rental', 2, 'CARE', 30, 150, null),
    ('archive', 1, 'VAULT', 1, 4, null),
    ('licence', 1, 'ONPREM', 1, 3, null),
    ('licence', 2, 'SUPPORT', 1, 2, null),
    ('install', 1, 'INSTALL', 2, 12, null),
    ('validation', 1, 'VALID', 1, 6, null),
    ('metered', 1, 'COLDLINE', 10, 50, null),
    ('metered', 2, 'DATA', 4, 20, null),
    ('prepaid', 1, 'SMS-PACK', 5, 40, null),
    ('hours', 1, 'HOURS', 20, 60, null),
    ('custom', 1, 'COLDLINE', 20, 60, null),
    ('custom', 2, 'FIRMWARE', 1, 1, null),
    ('calibration', 1, 'CALIB', 40, 200, null),
    ('grouped', 1, 'COLDLINE', 10, 40, 'PLATFORM'),
    ('grouped', 2, 'SUPPORT', 1, 1, 'PLATFORM'),
    ('grouped', 3, 'TL-40', 20, 80, 'DEVICES'),
    ('grouped', 4, 'GW-2', 2, 8, 'DEVICES'),
    ('commit', 1, 'COLDLINE', 10, 40, 'COMMIT'),
    ('commit', 2, 'DATA', 5, 20, 'COMMIT')
) as t (offer, line_number, product_id, least, most, allocation_group);

-- The life of a contract: what is sold, and what happens to it. Of every 200 contracts each story gets its slots, so
-- that any company has all of them. It starts between `oldest` and `youngest` months before the first close (null:
-- as the history goes); months of term and cadence of billing (months; 99: at once) where they are the story's own.
create table stories as
select *, sum(slots) over (order by place) - slots as first_slot
from (
    select row_number() over () as place, *
    from (
        values
        ('plain', 'platform', 37, null, null, null, null),
        ('renewed', 'platform', 10, null, 11, 12, null),
        ('renewal', 'platform', 10, null, 11, 12, null),
        ('plain', 'fleet', 10, null, null, null, null),
        ('plain', 'starter', 8, null, null, null, 99),
        ('plain', 'hardware', 14, null, null, 6, null),
        ('plain', 'rental', 4, null, null, null, null),
        ('plain', 'archive', 3, null, null, null, null),
        ('plain', 'licence', 4, null, null, null, 99),
        ('plain', 'install', 5, null, null, 8, null),
        ('by_cost', 'install', 3, null, null, 8, null),
        ('plain', 'validation', 4, null, null, 6, null),
        ('plain', 'metered', 8, null, null, 12, null),
        ('plain', 'prepaid', 3, null, 4, 12, 99),
        ('overage', 'prepaid', 2, null, 10, 12, 99),
        ('plain', 'hours', 4, null, null, 12, null),
        ('plain', 'custom', 3, null, null, 12, 99),
        ('plain', 'calibration', 4, null, null, 12, null),
        ('plain', 'grouped', 2, null, null, 12, 99),
        ('plain', 'commit', 2, null, null, 12, 12),
        ('draft', 'platform', 1, 1, -2, 12, null),
        ('proposal', 'platform', 1, 1, -2, 12, null),
        ('never_signed', 'platform', 1, 8, 1, 12, null),
        ('combined', 'platform', 1, 14, 2, 12, 12),
        ('combined', 'hardware', 1, 14, 2, 12, null),
        ('more_sites', 'platform', 1, 16, 6, 24, 12),
        ('more_sites_discounted', 'platform', 1, 16, 6, 24, 12),
        ('more_sites_apart', 'platform', 1, 16, 6, 24, 12),
        ('price_cut', 'platform', 1, 16, 6, 24, 12),
        ('seats_up', 'platform', 1, 16, 6, 24, 12),
        ('seats_down', 'metered', 1, 16, 6, 24, 12),
        ('extended', 'platform', 1, 14, 11, 12, 12),
        ('extended_below', 'platform', 1, 14, 11, 12, 12),
        ('shortened', 'fleet', 1, 14, 8, 24, 12),
        ('suspended', 'platform', 1, 14, 8, 12, 12),
        ('catch_up', 'platform', 1, 14, 8, 12, 12),
        ('series', 'platform', 1, 15, 11, 24, 12),
        ('signed_late', 'platform', 1, 16, 8, 24, 12),
        ('cancel_fee', 'platform', 1, 14, 8, 24, 12),
        ('cancel_line', 'fleet', 1, 14, 8, 24, 3),
        ('cancelled', 'platform', 1, 14, 8, 24, 3),
        ('cancelled_before', 'platform', 1, 8, 1, 12, 12),
        ('project_raised', 'install', 1, 14, 8, 8, null),
        ('project_remainder', 'install', 1, 14, 8, 8, null),
        ('order_reduced', 'hardware', 1, 14, 5, 6, 3),
        ('bundle_changed', 'starter', 1, 14, 8, 24, 99),
        ('bonus', 'install', 1, 14, 10, 8, null),
        ('constrained', 'platform', 1, 14, 8, 12, 12),
        ('returns_expected', 'hardware', 1, 14, 8, 6, null),
        ('group_rebate', 'grouped', 1, 12, 8, 12, 99),
        ('replaced', 'hardware', 1, 14, 5, 6, 3),
        ('returned', 'hardware', 1, 14, 5, 6, 3),
        ('concession', 'platform', 1, 12, 6, 12, 12),
        ('concession_performed', 'platform', 1, 12, 6, 12, 12),
        ('concession_remaining', 'platform', 1, 12, 6, 12, 12),
        ('concession_contract', 'fleet', 1, 12, 6, 12, 12),
        ('billing_error', 'platform', 1, 12, 6, 12, 12),
        ('cancelled_credited', 'platform', 1, 12, 8, 12, 12),
        ('bad_debt', 'platform', 1, 12, 7, 12, 12),
        ('paid_to_customer', 'platform', 1, 12, 6, 12, 12),
        ('credit_void', 'platform', 1, 12, 6, 12, 12),
        ('refund', 'platform', 1, 12, 6, 12, 12),
        ('refund_of_credit', 'platform', 1, 12, 6, 12, 12),
        ('dispute_won', 'platform', 1, 12, 6, 12, 12),
        ('dispute_lost', 'platform', 1, 12, 6, 12, 12),
        ('write_off', 'platform', 1, 12, 7, 12, 12),
        ('void_dated', 'platform', 1, 12, 4, 12, 12),
        ('draft_invoice', 'platform', 1, 12, 4, 12, 12),
        ('billed_whole', 'fleet', 1, 12, 4, 12, 12),
        ('late', 'platform', 1, 0, 0, 12, 12),
        ('late_again', 'platform', 1, -1, -1, 12, 12),
        ('corrected_amount', 'platform', 1, 8, 2, 12, 12),
        ('back_dated', 'platform', 1, 4, 2, 12, 12),
        ('corrected_delivery', 'hardware', 1, 3, 3, 6, null),
        ('moved_customer', 'platform', 1, 8, 2, 12, 12),
        ('late_amendment', 'platform', 1, 12, 6, 24, 12),
        ('late_amendment_again', 'platform', 1, 12, 6, 24, 12),
        ('late_credit', 'platform', 1, 8, 4, 12, 12),
        ('void_undated', 'platform', 1, 6, 2, 12, 12),
        ('void_late', 'platform', 1, 6, 2, 12, 12)
    ) as t (story, offer, slots, oldest, youngest, term, cadence)
);

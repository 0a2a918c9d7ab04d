-- Customers, contracts and their lines as first signed. Money in minor units; `wave` is the first delivery that has it.

create table customers as
with numbered as (
    select
        i,
        key_of('C', i) as customer_id,
        roll(i, 'country', 100) as place,
        roll(i, 'segment', 10) as segment,
        roll(i, 'industry', 6) + 1 as industry,
        roll(i, 'town', 40) + 1 as town,
        roll(i, 'trade', 8) + 1 as trade,
        roll(i, 'parent', 100) < 4 and i > 1 as has_parent
    from range(1, getvariable('contracts') * 6 // 10 + 1) as t (i)
)

select
    numbered.i,
    numbered.customer_id,
    ['Northgate', 'Aldersey', 'Pike Street', 'Veldhoven', 'Sierra Vista', 'Kestrel', 'Ostrander', 'Tidewater', 'Redbank',
    'Mercer County', 'Harbor Point', 'Meridian', 'Ashford', 'Blue Heron', 'Calder', 'Dunmore', 'Eastlake', 'Fairhaven',
    'Glen Ellis', 'Highmoor', 'Ironbridge', 'Juniper', 'Kingsway', 'Lakeshore', 'Marlow', 'Newcombe', 'Orchard Hill',
    'Pinecrest', 'Quayside', 'Rosemont', 'Stonefield', 'Thornbury', 'Upland', 'Vantage', 'Westbrook', 'Yarrow', 'Zuidam',
    'Lindenau', 'Castlegate', 'Brightside'][numbered.town]
    || ' ' || case numbered.industry
        when 1 then ['Foods', 'Dairy', 'Seafood', 'Produce', 'Provisions', 'Bakeries', 'Meats', 'Markets'][numbered.trade]
        when 2 then ['Biologics', 'Vaccines', 'Pharma', 'Genomics', 'Therapeutics', 'Diagnostics', 'Biobank', 'Reagents'][numbered.trade]
        when 3 then ['Hospitals', 'Clinics', 'Blood Center', 'Health', 'Care Group', 'Medical', 'Children''s', 'Dental'][numbered.trade]
        when 4 then ['Cold Storage', 'Logistics', 'Freight', 'Carriers', 'Warehousing', 'Forwarding', 'Express', 'Transport'][numbered.trade]
        when 5 then ['Laboratories', 'Research', 'Institute', 'Analytics', 'Testing', 'Sciences', 'Assays', 'Instruments'][numbered.trade]
        else ['Catering', 'Hotels', 'Restaurants', 'Kitchens', 'Flowers', 'Wines', 'Ice Cream', 'Delicatessen'][numbered.trade]
    end
    || ' ' || countries.legal_form as customer_name,
    case when numbered.has_parent then lag(numbered.customer_id) over (order by numbered.i) end as parent_customer_id,
    case when numbered.segment < 2 then 'enterprise' when numbered.segment < 6 then 'mid-market' else 'small' end as segment,
    ['food', 'life sciences', 'health care', 'logistics', 'laboratories', 'hospitality'][numbered.industry] as industry,
    countries.region,
    countries.country,
    countries.entity_id,
    countries.currency,
    -- the billing system took some customers over from an older one, with its numbers
    case when roll(numbered.i, 'debtor', 100) < 8 then cast(700000 + numbered.i as varchar) end as debtor_number
from numbered
inner join countries on numbered.place >= countries.from_share and numbered.place < countries.to_share;

create table contracts as
with placed as (
    select
        n,
        -- what is rolled by `home` is the same for contracts that belong together
        case
            when stories.story = 'renewal' then n - 10
            when stories.story = 'combined' and stories.offer = 'hardware' then n - 1
            else n
        end as home,
        stories.*
    from range(getvariable('contracts')) as t (n)
    inner join stories on n % 200 >= stories.first_slot and n % 200 < stories.first_slot + stories.slots
),

rolled as (
    select
        *,
        -- later starts are likelier: the company grows
        coalesce(least(oldest, getvariable('months') - 4), getvariable('months') - 4)
            - (coalesce(least(oldest, getvariable('months') - 4), getvariable('months') - 4) - coalesce(youngest, -3) + 1)
            * greatest(roll(home, 'start', 1000), roll(home, 'growth', 1000)) // 1000 as months_back,
        roll(home, 'first day', 100) < 70 or story in ('late', 'late_again', 'back_dated', 'corrected_delivery') as is_from_first,
        coalesce(term, [6, 12, 12, 12, 12, 12, 12, 24, 24, 36][roll(n, 'term', 10) + 1]) as term_months,
        coalesce(cadence, [99, 99, 12, 12, 12, 12, 3, 3, 1, 12][roll(n, 'cadence', 10) + 1]) as billing_months,
        1 + roll(home, 'customer', getvariable('contracts') * 6 // 10) as customer
    from placed
),

started as (
    select
        *,
        months_after(
            months_after(first_of_month(getvariable('first_close')), -months_back)
            + case when is_from_first then 0 else roll(home, 'day', 27) + 1 end,
            case when story = 'renewal' then 12 else 0 end
        ) as start_date
    from rolled
),

signed as (
    select
        *,
        cast(months_after(start_date, term_months) - 1 as date) as end_date,
        greatest(
            getvariable('first_day'),
            least(
                getvariable('third_close') + 3,
                cast(start_date + case
                    when story = 'cancelled_before' then -45
                    when story in ('late', 'late_again') then 2
                    when story = 'plain' and roll(n, 'signed after', 100) < 8 then roll(n, 'days after', 12) + 1
                    else -2 - roll(home, 'days before', 25)
                end as date)
            )
        ) as signed_date
    from started
),

ordered as (
    select *, row_number() over (order by signed_date, n) as number from signed
)

select
    ordered.n,
    key_of('K', ordered.number) as contract_id,
    ordered.home,
    ordered.story,
    ordered.offer,
    ordered.term_months,
    ordered.billing_months,
    ordered.start_date,
    ordered.end_date,
    ordered.signed_date,
    customers.customer_id,
    customers.entity_id,
    customers.currency,
    currencies.exponent,
    companies.tax_percent,
    greatest(
        seen(ordered.signed_date),
        case ordered.story when 'late' then 2 when 'late_again' then 3 else 1 end
    ) as wave,
    -- the price of the deal, in percent of the list
    case when ordered.offer = 'custom' or ordered.story in ('more_sites', 'more_sites_apart', 'extended') then 100
        else [100, 100, 100, 100, 100, 100, 95, 95, 90, 85][roll(ordered.n, 'discount', 10) + 1] end as price_percent,
    case ordered.story
        when 'cancelled' then months_after(ordered.start_date, 6)
        when 'cancelled_credited' then months_after(ordered.start_date, 6)
        when 'cancelled_before' then ordered.start_date
    end as cancelled_date,
    case ordered.story
        when 'cancelled_before' then ordered.start_date - 10
        when 'cancelled' then months_after(ordered.start_date, 5) + 9
        when 'cancelled_credited' then months_after(ordered.start_date, 6) + 12
    end as cancellation_signed_date
from ordered
inner join customers on ordered.customer = customers.i
inner join companies on customers.entity_id = companies.entity_id
inner join currencies on customers.currency = currencies.currency;

-- What an order says of its customer, start and price before it is corrected, and in which wave it is.
create table corrections as
with neighbours as (
    select
        customer_id,
        coalesce(
            lead(customer_id) over (partition by entity_id, currency order by i),
            min(customer_id) over (partition by entity_id, currency)
        ) as neighbour_id
    from customers
)

select
    contracts.contract_id,
    case contracts.story when 'moved_customer' then 3 else 2 end as wave,
    case when contracts.story = 'moved_customer' then neighbours.neighbour_id end as customer_id,
    case when contracts.story = 'back_dated' then months_after(contracts.start_date, 1) end as start_date,
    case when contracts.story = 'corrected_amount' then 110 end as amount_percent
from contracts
inner join neighbours on contracts.customer_id = neighbours.customer_id
where contracts.story in ('moved_customer', 'back_dated', 'corrected_amount');

create table lines as
with offered as (
    select
        contracts.n,
        contracts.contract_id || '/' || offer_lines.line_number as contract_line_id,
        contracts.contract_id,
        offer_lines.line_number,
        offer_lines.product_id,
        offer_lines.allocation_group,
        contracts.start_date,
        contracts.end_date,
        contracts.price_percent,
        case when products.per = 'month' then contracts.term_months else 1 end as months,
        -- metered and hourly work states what is expected of it over the term, and a margin that usage stays below
        case when products.category = 'usage' and products.method = 'usage' or products.method = 'as_invoiced'
            then contracts.term_months else 1 end
            * (offer_lines.least + roll(contracts.n, 'quantity ' || offer_lines.line_number, offer_lines.most - offer_lines.least + 1))
            as quantity,
        prices.price_minor,
        products.method,
        products.convention,
        contracts.currency,
        contracts.exponent,
        contracts.story,
        contracts.wave
    from contracts
    inner join offer_lines on contracts.offer = offer_lines.offer
    inner join products on offer_lines.product_id = products.product_id
    left join prices
        on offer_lines.product_id = prices.product_id
        and contracts.currency = prices.currency
        and contracts.signed_date >= prices.valid_from
        and contracts.signed_date < prices.valid_before
),

priced as (
    select
        *,
        percent(price_minor * quantity * months, case
            when product_id = 'FIRMWARE' then 80 + roll(n, 'firmware', 60)
            when method in ('usage', 'as_invoiced') and allocation_group is null then 125
            else price_percent
        end) as stated_minor
    from offered
),

valued as (
    select
        * exclude (stated_minor),
        coalesce(
            stated_minor,
            -percent(cast(sum(stated_minor) over (partition by contract_id) as bigint), 5)
        ) as amount_minor
    from priced
)

select
    valued.* exclude (price_percent),
    cast(null as varchar) as amendment_id,
    case when line_number = 1 then case story when 'bonus' then percent(amount_minor, 10) when 'constrained' then percent(amount_minor, 8) end end
        as variable_minor,
    case when line_number = 1 and story = 'constrained' then percent(amount_minor, 8) end as constrained_minor,
    case when line_number = 1 and story = 'returns_expected' then 5 end as expected_return_pct
from valued;

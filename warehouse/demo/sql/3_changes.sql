-- What is signed or estimated after a contract is: amendments with the lines they add, and estimates.

create table amendments as
with first_lines as (
    select
        contracts.*,
        lines.contract_line_id,
        lines.product_id,
        lines.quantity,
        lines.amount_minor,
        3 + roll(contracts.n, 'change', 3) as k
    from contracts
    inner join lines on contracts.contract_id = lines.contract_id and lines.line_number = 1
),

-- story, number of the change, line of the contract, effective from month, signed so many days after, action, treatment,
-- change of quantity and of money in percent (of the money of the rest of the term), reason
said as (
    select *
    from (
        values
        ('more_sites', 1, 2, 0, -10, 'add', null, 0, 0, 'more sites'),
        ('more_sites_discounted', 1, 2, 0, -10, 'add', null, 0, 0, 'more sites, at a discount'),
        ('more_sites_apart', 1, 2, 0, -10, 'add', 'separate', 0, 0, 'more sites, a deal of its own'),
        ('price_cut', 1, 1, 0, -10, 'change', 'prospective', 0, -15, 'price renegotiated'),
        ('seats_up', 1, 1, 0, -10, 'change', null, 25, 25, 'more sites'),
        ('seats_down', 1, 1, 0, -10, 'change', null, -30, -30, 'sites closed'),
        ('extended', 1, 1, 6, -5, 'extend', null, 0, 0, 'half a year more'),
        ('extended_below', 1, 1, 6, -5, 'extend', null, 0, 0, 'half a year more, at a discount'),
        ('shortened', 1, 1, 0, -10, 'change', null, 0, 0, 'ends two months earlier'),
        ('suspended', 1, 1, 0, -10, 'suspend', null, 0, 0, 'site rebuilt'),
        ('catch_up', 1, 1, 0, -10, 'change', 'cumulative_catch_up', 0, -10, 'price settled for the whole term'),
        ('series', 1, 2, -1, -10, 'add', null, 0, 0, 'more sites'),
        ('series', 2, 1, 1, -10, 'change', null, 0, -5, 'price renegotiated'),
        ('series', 3, 1, 3, -10, 'extend', null, 0, 0, 'half a year more'),
        ('series', 4, 2, 4, -3, 'change', null, 50, 50, 'more sites'),
        ('signed_late', 1, 1, 0, 45, 'change', null, 20, 20, 'more sites, signed late'),
        ('cancel_fee', 1, 1, 3, -20, 'cancel', null, 0, -90, 'customer moved away, a tenth of the rest is kept'),
        ('cancel_line', 1, 2, 0, 0, 'cancel', null, 0, null, 'support no longer wanted'),
        ('project_raised', 1, 1, 1, -4, 'change', null, 0, 20, 'more rooms'),
        ('project_remainder', 1, 1, 1, -4, 'change', 'prospective', 0, 10, 'a later phase was repriced'),
        ('order_reduced', 1, 1, null, 30, 'change', 'prospective', -20, -20, 'fewer loggers'),
        ('bundle_changed', 1, 1, 0, -10, 'change', null, 20, 20, 'more sites'),
        ('late_amendment', 1, 1, null, 19, 'change', null, 25, 25, 'more sites, entered late'),
        ('late_amendment_again', 1, 1, null, 41, 'change', null, 15, 15, 'more sites, signed late')
    ) as t (story, number, line_number, month, signed_after, action, treatment, quantity_percent, amount_percent, reason)
),

dated as (
    select
        first_lines.* exclude (wave),
        first_lines.wave as contract_wave,
        said.* exclude (story),
        case
            when said.story = 'late_amendment' then months_after(first_of_month(getvariable('first_close')), -1)
            when said.story = 'late_amendment_again' then first_of_month(getvariable('second_close'))
            when said.story = 'order_reduced' then first_lines.start_date + 30
            else months_after(first_lines.start_date, first_lines.k + said.month)
        end as effective_date
    from first_lines
    inner join said on first_lines.story = said.story
),

signed as (
    select
        *,
        cast(case when story = 'order_reduced' then effective_date else effective_date + signed_after end as date) as amended_on,
        -- the money of what is left of the term
        amount_minor * (end_date - effective_date + 1) // (end_date - start_date + 1) as rest_minor
    from dated
),

priced as (
    select
        signed.*,
        2 + roll(signed.n, 'more sites', 9) as more,
        term_months - k - case when story = 'series' then -1 else 0 end as months_left,
        prices.price_minor
    from signed
    left join prices
        on signed.product_id = prices.product_id
        and signed.currency = prices.currency
        and signed.amended_on >= prices.valid_from
        and signed.amended_on < prices.valid_before
)

select
    n,
    replace(contract_id, 'K', 'A') || '-' || number as amendment_id,
    contract_id,
    replace(contract_line_id, '/1', '/' || line_number) as contract_line_id,
    line_number,
    effective_date,
    amended_on as signed_date,
    action,
    treatment,
    case
        when story = 'series' and number = 4 then 1
        when quantity_percent != 0 then percent(quantity, quantity_percent)
    end as quantity_delta,
    case
        when action = 'add' then percent(price_minor * more * months_left, case story
            when 'more_sites_discounted' then 80 when 'more_sites_apart' then 90 when 'series' then 90 else 100 end)
        when action = 'extend' then percent(price_minor * quantity * 6, case story when 'extended' then 100 else 75 end)
        when story = 'shortened' then -(amount_minor * 2 // term_months)
        when story = 'series' and number = 4 then price_minor * (months_left - 5)
        -- in the proportion of the quantity, where there is one
        when quantity_percent != 0 then
            sign(quantity_percent)
            * (case when story = 'order_reduced' then amount_minor else rest_minor end * abs(percent(quantity, quantity_percent)) // quantity)
        when story in ('project_raised', 'project_remainder', 'catch_up') then percent(amount_minor, amount_percent)
        when amount_percent != 0 then percent(rest_minor, amount_percent)
    end as amount_minor,
    case when action = 'suspend' then months_after(effective_date, 2) end as new_start_date,
    cast(case
        when action = 'extend' then months_after(end_date + 1, 6) - 1
        when story = 'shortened' then months_after(end_date + 1, -2) - 1
    end as date) as new_end_date,
    reason,
    greatest(contract_wave, seen(amended_on), case story when 'late_amendment' then 2 when 'late_amendment_again' then 3 else 1 end) as wave,
    case when action = 'add' then more end as added_quantity,
    price_minor,
    months_left,
    start_date,
    end_date,
    story,
    currency,
    exponent
from priced;

insert into lines by name
select
    n,
    contract_line_id,
    contract_id,
    line_number,
    'COLDLINE' as product_id,
    effective_date as start_date,
    end_date,
    months_left as months,
    added_quantity as quantity,
    price_minor,
    'ratable' as method,
    'monthly' as convention,
    currency,
    exponent,
    story,
    wave,
    amount_minor,
    amendment_id
from amendments
where action = 'add';

-- An estimate is dated so many months after the start; percents are of the line's amount, or of the group's.
create table estimates as
with said as (
    select *
    from (
        values
        ('bonus', 1, 4, 15, 0, null, 'ahead of plan'),
        ('bonus', 2, 7, 12, 0, null, 'bonus agreed'),
        ('constrained', 1, 6, 8, 0, null, 'threshold reached'),
        ('returns_expected', 1, 7, null, null, 0, 'right of return has lapsed'),
        ('group_rebate', 1, 3, -5, 0, null, 'volume rebate likely'),
        ('group_rebate', 2, 6, -3, 0, null, 'volume rebate less likely')
    ) as t (story, number, month, variable_percent, constrained_percent, expected_return_pct, reason)
),

measured as (
    select
        contracts.*,
        said.* exclude (story),
        months_after(contracts.start_date, said.month) as estimate_date,
        (
            select sum(lines.amount_minor)
            from lines
            where lines.contract_id = contracts.contract_id
                and (lines.line_number = 1 or contracts.story = 'group_rebate' and lines.allocation_group = 'PLATFORM')
        ) as amount_minor
    from contracts
    inner join said on contracts.story = said.story
)

select
    replace(contract_id, 'K', 'E') || '-' || number as estimate_id,
    contract_id,
    case when story != 'group_rebate' then contract_id || '/1' end as contract_line_id,
    case when story = 'group_rebate' then 'PLATFORM' end as allocation_group,
    estimate_date,
    percent(amount_minor, variable_percent) as variable_minor,
    percent(amount_minor, constrained_percent) as constrained_minor,
    expected_return_pct,
    reason,
    exponent,
    greatest(wave, seen(estimate_date)) as wave
from measured;

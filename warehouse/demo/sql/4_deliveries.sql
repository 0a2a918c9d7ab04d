-- What is handed over, taken back, reached and used: the events by which lines are earned.

create table fulfillments as
with shipped as (
    select
        lines.*,
        case
            when lines.product_id = 'ONBOARD' then 1
            when lines.product_id = 'CALIB' then 4
            when lines.story = 'order_reduced' then 3
            when lines.story = 'corrected_delivery' then 2
            else 1 + roll(lines.n, 'shipments ' || lines.line_number, 3)
        end as shipments,
        13 + roll(lines.n, 'shipping', 12) as first_after,
        case when lines.product_id = 'CALIB' then 90 else 35 end as every_days
    from lines
    where lines.method = 'point_in_time'
),

shipments as (
    select
        shipped.*,
        t.part,
        cast(shipped.start_date + shipped.first_after + (t.part - 1) * shipped.every_days as date) as event_date,
        cast(through(shipped.quantity, t.part, shipped.shipments) - through(shipped.quantity, t.part - 1, shipped.shipments) as bigint)
            - case when shipped.story = 'order_reduced' and shipped.line_number = 1 and t.part = 3
                then percent(shipped.quantity, 20) else 0 end as delivered
    from shipped
    inner join (select cast(unnest(range(1, 5)) as integer)) as t (part) on t.part <= shipped.shipments
),

-- months of service, for what is measured month by month
monthly as (
    select
        lines.*,
        t.part,
        cast(months_after(lines.start_date, t.part) - 1 as date) as event_date,
        contracts.term_months
    from lines
    inner join contracts on lines.contract_id = contracts.contract_id
    inner join (select cast(unnest(range(1, 37)) as integer)) as t (part) on t.part <= contracts.term_months
    where lines.method in ('percent_complete', 'usage', 'drawdown', 'milestone')
),

events as (
    select
        contract_line_id || '/S' || part as fulfillment_id,
        contract_line_id, event_date, 'delivery' as kind, delivered as quantity,
        null as percent_complete, null as cost_minor, null as completion_minor, null as amount_minor, null as reason,
        n, exponent, wave, story, part, amount_minor as line_minor, quantity as line_quantity
    from shipments
    where delivered > 0

    union all

    select
        contract_line_id || '/R1', contract_line_id, event_date + 15, 'return', 2,
        null, null, null, null, case story when 'replaced' then 'housing damaged in transit' else 'no longer needed' end,
        n, exponent, wave, story, part, amount_minor, quantity
    from shipments
    where part = 1 and line_number = 1 and story in ('replaced', 'returned', 'returns_expected')

    union all

    select
        contract_line_id || '/S9', contract_line_id, event_date + 40, 'delivery', 2,
        null, null, null, null, 'replacement of the returned loggers',
        n, exponent, wave, story, 9, amount_minor, quantity
    from shipments
    where part = 1 and line_number = 1 and story = 'replaced'

    union all

    select
        contract_line_id || '/P' || part, contract_line_id, event_date, 'progress', null,
        case when story != 'by_cost' then [10, 25, 40, 55, 70, 85, 95, 100][part] end,
        case when story = 'by_cost'
            then percent(percent(amount_minor, case when part < 5 then 60 else 63 end), [10, 25, 40, 55, 70, 85, 95, 100][part]) end,
        case when story = 'by_cost' then percent(amount_minor, case when part < 5 then 60 else 63 end) end,
        null, null,
        n, exponent, wave, story, part, amount_minor, quantity
    from monthly
    where method = 'percent_complete' and part <= 8

    union all

    select
        contract_line_id || '/M' || part, contract_line_id, event_date, 'milestone', null,
        null, null, null,
        case part when 1 then percent(amount_minor, 30) when 3 then percent(amount_minor, 40)
            else amount_minor - percent(amount_minor, 30) - percent(amount_minor, 40) end,
        ['plan approved', null, 'mapping done', null, 'report signed'][part],
        n, exponent, wave, story, part, amount_minor, quantity
    from monthly
    where method = 'milestone' and part in (1, 3, 5)

    union all

    select
        contract_line_id || '/U' || part, contract_line_id, event_date, 'usage', null,
        null, null, null,
        case
            when method = 'usage' then percent(
                price_minor * (quantity // term_months),
                60 + roll(n, 'usage ' || part, case when allocation_group is null then 50 else 25 end)
            )
            when story = 'overage' then percent(amount_minor, 10)
            else percent(amount_minor, 4 + roll(n, 'usage ' || part, 4))
        end,
        null,
        n, exponent, wave, story, part, amount_minor, quantity
    from monthly
    where method in ('usage', 'drawdown')
)

select
    fulfillment_id, contract_line_id, cast(event_date as date) as event_date, kind, quantity,
    percent_complete, cost_minor, completion_minor, amount_minor, reason,
    n, exponent, part, line_minor, line_quantity, story,
    -- the first report of this delivery is two short
    case when story = 'corrected_delivery' and part = 1 and contract_line_id like '%/1' then 2 end as overlooked,
    greatest(wave, seen(event_date)) as wave
from events
where seen(event_date) <= 3;

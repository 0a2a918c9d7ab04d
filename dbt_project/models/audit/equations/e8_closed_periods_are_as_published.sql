-- Grain: row of audit.tie_outs.
-- Why: E8, the files of closed periods are what was published, byte for byte: each counts 1 where its hash is the
-- manifest's.

with compared as (

    select
        period,
        file as item,
        cast(1 as decimal(18, 3)) as expected,
        cast(case when expected_sha256 = actual_sha256 then 1 else 0 end as decimal(18, 3)) as actual
    from {{ source('run', 'published_checks') }}

)

{{ tie_out('E8', 'compared', ['period']) }}

{# Work that must go in rounds, each standing on the rounds before it (architecture.md 19): spreading a
   contract's invoices one after the other, later its amendments. The model's SQL is one round: it reads
   `this` for what earlier rounds wrote and the token __round__ for its number. Rounds = the longest chain,
   work = the number of items; plain joins and inserts, the same on DuckDB and Spark (whose recursive CTEs
   refuse aggregates and stop at 100 levels).

   config: columns = [[name, type], …] of the table; rounds_from = the model of the same schema that numbers the
   items in its column round_number (a name, not a ref: dbt evaluates configurations before it knows relations). #}
{% materialization iterated, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none -%}
        {% do adapter.drop_relation(existing) %}
    {%- endif -%}
    {%- set columns = config.require('columns') -%}
    {% call statement('create') -%}
        create table {{ target_relation }} (
            {% for column in columns %}{{ column[0] }} {{ column[1] }}{{ ', ' if not loop.last }}{% endfor %}
        )
    {%- endcall %}
    {%- set rounds = run_query(
        'select coalesce(max(round_number), 0) from ' ~ api.Relation.create(
            database=this.database, schema=this.schema, identifier=config.require('rounds_from'))
    ).columns[0].values()[0] | int -%}
    {% call statement('main') -%}
        select {{ rounds }} as rounds
    {%- endcall %}
    {%- for round in range(1, rounds + 1) %}
        {% call statement('round_' ~ round) -%}
            insert into {{ target_relation }}
            {{ sql | replace('__round__', round) }}
        {%- endcall %}
    {%- endfor %}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() if target.type == 'duckdb' }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

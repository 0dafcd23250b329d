-- The hops on the way up from each report that has a clock: by the rule in force when the event occurred, the rule of its
-- kind before the general one.
with

units as (
    select
        units.unit_code,
        units.report_level,
        units.report_level = 'city' or coalesce(above.report_level = 'city', false) as has_city,
        case units.report_level when 'county' then 1 when 'city' then 2 when 'province' then 3 end as level_order
    from {{ ref('ref_reporting_units') }} as units
    left join {{ ref('ref_reporting_units') }} as above on units.parent_unit_code = above.unit_code
    where units.report_level in ('county', 'city', 'province')
),

kinds as (
    select
        kind_code,
        coalesce(parent_kind_code, kind_code) as main_kind_code
    from {{ ref('ref_disaster_kinds') }}
),

-- twelve dead are a heavy disaster, however many are missing
deaths as (
    select
        region_code,
        event_id,
        unit_code,
        report_number,
        max(case when metric = 'deaths_missing_persons' then value end) as known_deaths_missing_persons,
        max(value) as least_deaths_missing_persons
    from {{ ref('int_disaster_losses_versioned') }}
    where metric in ('deaths_persons', 'missing_persons', 'deaths_missing_persons')
    group by region_code, event_id, unit_code, report_number
),

reports as (
    select
        ordered.*,
        units.level_order,
        units.has_city,
        kinds.main_kind_code,
        deaths.known_deaths_missing_persons,
        deaths.least_deaths_missing_persons,
        max(ordered.as_of_at) over (
            partition by ordered.region_code, ordered.event_id, ordered.unit_code
            order by ordered.report_number rows between unbounded preceding and 1 preceding
        ) as previous_as_of_at
    from {{ ref('int_disaster_losses_ordered') }} as ordered
    inner join units on ordered.unit_code = units.unit_code
    left join kinds on ordered.disaster_kind = kinds.kind_code
    left join deaths
        on
            ordered.region_code = deaths.region_code
            and ordered.event_id = deaths.event_id
            and ordered.unit_code = deaths.unit_code
            and ordered.report_number = deaths.report_number
),

clocks as (
    select
        *,
        case from_level when 'county' then 1 when 'city' then 2 when 'province' then 3 end as from_order,
        case to_level when 'city' then 2 when 'province' then 3 when 'ministry' then 4 end as to_order
    from {{ ref('ref_loss_reporting_clocks') }}
),

matched as (
    select
        reports.*,
        clocks.clock_id,
        clocks.from_level,
        clocks.to_level,
        clocks.from_order,
        clocks.to_order,
        clocks.clock_kind,
        clocks.starts_from,
        clocks.limit_hours,
        clocks.daily_hour,
        clocks.is_working_days,
        clocks.only_heavy,
        clocks.certainty,
        clocks.source as rule_source,
        row_number() over (
            partition by
                reports.region_code, reports.event_id, reports.unit_code, reports.report_number,
                clocks.from_level, clocks.to_level, clocks.only_heavy
            order by case when clocks.disaster_kind is null then 1 else 0 end
        ) as kind_rank
    from reports
    inner join clocks
        on
            reports.report_stage = clocks.report_stage
            and reports.level_order <= clocks.from_order
            and (clocks.disaster_kind is null or clocks.disaster_kind = reports.main_kind_code)
            and {{ is_valid_on('clocks', 'cast(coalesce(reports.occurred_at, reports.as_of_at) as date)') }}
            -- with a city in between, a county reports to it; past it only where the disaster is heavy
            and (clocks.from_level <> 'county' or clocks.only_heavy or (clocks.to_level = 'city') = reports.has_city)
            and (clocks.from_level <> 'city' or reports.has_city)
            and not (clocks.only_heavy and clocks.to_level = 'province' and not reports.has_city)
)

select * from matched
where kind_rank = 1

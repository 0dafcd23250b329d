{#-
    Points: GCJ-02 (the shifted system of public Chinese maps) to WGS84, and distances on the sphere.

    The shift of GCJ-02 has a public formula only in the direction WGS84 -> GCJ-02. Its inverse is the fixed point of
    wgs = gcj - shift(wgs); each step shrinks the error some 200-fold, so three steps from the starting error of about
    500 m leave less than a millimetre within the three regions (tests/test_geometry.py: round trip below 1 cm, asked for
    1 m). Outside China's bounding box a point is unchanged, as in every map service. The formula itself is known from open
    implementations that agree with each other, not from a published standard: the maps may differ from it by some metres.
-#}
{% macro gcj02_to_wgs84_lon(lon, lat) -%}
    struct_extract({{ gcj02_to_wgs84_point(lon, lat) }}, 'lon')
{%- endmacro %}

{% macro gcj02_to_wgs84_lat(lon, lat) -%}
    struct_extract({{ gcj02_to_wgs84_point(lon, lat) }}, 'lat')
{%- endmacro %}

{#- A point {lon, lat} in degrees WGS84 as a struct; NULL in, NULL out. list_reduce is the loop: one step per copy. -#}
{% macro gcj02_to_wgs84_point(lon, lat) -%}
    {%- set point = "{'lon': cast(%s as double), 'lat': cast(%s as double)}" % (lon, lat) -%}
    case
        when {{ lon }} between 72.004 and 137.8347 and {{ lat }} between 0.8293 and 55.8271
            then list_reduce(
                [{{ [point, point, point, point] | join(', ') }}],
                (wgs, gcj) -> {
                    'lon': gcj.lon - {{ gcj02_shift_lon('wgs.lon', 'wgs.lat') }},
                    'lat': gcj.lat - {{ gcj02_shift_lat('wgs.lon', 'wgs.lat') }}
                }
            )
        else {{ point }}
    end
{%- endmacro %}

{#- What GCJ-02 adds to a WGS84 longitude (degrees); Krasovsky 1940 with ee = 0.00669342162296594323, a = 6378245 m. -#}
{% macro gcj02_shift_lon(lon, lat) -%}
    {%- set x, y = '(%s - 105)' % lon, '(%s - 35)' % lat -%}
    (300 + {{ x }} + 2 * {{ y }} + 0.1 * {{ x }} * {{ x }} + 0.1 * {{ x }} * {{ y }} + 0.1 * sqrt(abs({{ x }}))
        + (20 * sin(6 * pi() * {{ x }}) + 20 * sin(2 * pi() * {{ x }})) * 2 / 3
        + (20 * sin(pi() * {{ x }}) + 40 * sin(pi() * {{ x }} / 3)) * 2 / 3
        + (150 * sin(pi() * {{ x }} / 12) + 300 * sin(pi() * {{ x }} / 30)) * 2 / 3)
    * 180 / (6378245 / sqrt({{ gcj02_curvature(lat) }}) * cos(radians({{ lat }})) * pi())
{%- endmacro %}

{#- What GCJ-02 adds to a WGS84 latitude (degrees). -#}
{% macro gcj02_shift_lat(lon, lat) -%}
    {%- set x, y = '(%s - 105)' % lon, '(%s - 35)' % lat -%}
    (-100 + 2 * {{ x }} + 3 * {{ y }} + 0.2 * {{ y }} * {{ y }} + 0.1 * {{ x }} * {{ y }} + 0.2 * sqrt(abs({{ x }}))
        + (20 * sin(6 * pi() * {{ x }}) + 20 * sin(2 * pi() * {{ x }})) * 2 / 3
        + (20 * sin(pi() * {{ y }}) + 40 * sin(pi() * {{ y }} / 3)) * 2 / 3
        + (160 * sin(pi() * {{ y }} / 12) + 320 * sin(pi() * {{ y }} / 30)) * 2 / 3)
    * 180 / (6378245 * (1 - 0.00669342162296594323) / pow({{ gcj02_curvature(lat) }}, 1.5) * pi())
{%- endmacro %}

{% macro gcj02_curvature(lat) -%}
    (1 - 0.00669342162296594323 * pow(sin(radians({{ lat }})), 2))
{%- endmacro %}

{#- A longitude or latitude in WGS84 whatever system it came in; NULL where the system is not named. -#}
{% macro wgs84_lon(lon, lat, datum) -%}
    case {{ datum }} when 'WGS84' then cast({{ lon }} as double) when 'GCJ02' then {{ gcj02_to_wgs84_lon(lon, lat) }} end
{%- endmacro %}

{% macro wgs84_lat(lon, lat, datum) -%}
    case {{ datum }} when 'WGS84' then cast({{ lat }} as double) when 'GCJ02' then {{ gcj02_to_wgs84_lat(lon, lat) }} end
{%- endmacro %}

{#- Great-circle distance in km between two points of the same system (haversine, mean radius 6371.0088 km). -#}
{% macro distance_km(lon1, lat1, lon2, lat2) -%}
    2 * 6371.0088 * asin(least(1, sqrt(
        pow(sin(radians({{ lat2 }} - {{ lat1 }}) / 2), 2)
        + cos(radians({{ lat1 }})) * cos(radians({{ lat2 }})) * pow(sin(radians({{ lon2 }} - {{ lon1 }}) / 2), 2)
    )))
{%- endmacro %}

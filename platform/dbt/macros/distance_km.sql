{# Great-circle distance between two relations with latitude and longitude in degrees (haversine). #}
{% macro distance_km(a, b) %}
    2 * 6371.0 * asin(sqrt(
        pow(sin(radians({{ b }}.latitude - {{ a }}.latitude) / 2), 2)
        + cos(radians({{ a }}.latitude)) * cos(radians({{ b }}.latitude))
        * pow(sin(radians({{ b }}.longitude - {{ a }}.longitude) / 2), 2)
    ))
{% endmacro %}

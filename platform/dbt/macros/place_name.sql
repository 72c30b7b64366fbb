{# People type places freely: trim, lower-case, drop accents, and what follows a slash or comma. #}
{% macro place_name(column) %}
    nullif(
        regexp_extract(
            trim(split_part(regexp_replace(lower(strip_accents({{ column }})), '[/\\\\,(]| - ', '|'), '|', 1)),
            '^[a-z][a-z ''.-]*$'
        ),
        ''
    )
{% endmacro %}

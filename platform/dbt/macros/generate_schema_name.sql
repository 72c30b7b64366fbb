{# A model's schema is the one its folder names, so that tables have the same address everywhere. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

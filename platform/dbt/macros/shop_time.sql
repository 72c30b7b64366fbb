{# The shop writes its times in its own zone; ports carry instants (UTC) and days of the shop. #}
{% macro shop_zone() %}'America/Sao_Paulo'{% endmacro %}

{% macro instant(column) %}timezone({{ shop_zone() }}, {{ column }}){% endmacro %}

{% macro shop_day(column) %}cast(timezone({{ shop_zone() }}, {{ column }}) as date){% endmacro %}

{{ newest_versions('order_lines') }}

-- Rows stored before lines had keys are known by their number.
{{ newest_versions('order_lines', key=['order_id', line_key()]) }}

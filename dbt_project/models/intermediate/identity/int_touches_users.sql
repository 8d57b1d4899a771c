{{ config(
    materialized='incremental', incremental_strategy='replace', replaced=replaced_rows('touches', 'touch_id'),
    indexes=[{'columns': ['touch_id'], 'unique': true}, {'columns': ['user_id']}]
) }}
{{ users_of_rows('touches', 'touch_id') }}

{{ config(
    materialized='incremental', incremental_strategy='replace', replaced=replaced_rows('events', 'event_id'),
    indexes=[{'columns': ['event_id'], 'unique': true}, {'columns': ['user_id']}]
) }}
{{ users_of_rows('events', 'event_id') }}

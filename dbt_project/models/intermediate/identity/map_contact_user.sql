{{ config(
    materialized='incremental', incremental_strategy='replace', replaced=replaced_rows('contacts', 'contact_id'),
    indexes=[{'columns': ['contact_id'], 'unique': true}, {'columns': ['user_id']}]
) }}
{{ users_of_rows('contacts', 'contact_id') }}

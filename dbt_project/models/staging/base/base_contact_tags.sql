{{ newest_versions('contact_tags') }}

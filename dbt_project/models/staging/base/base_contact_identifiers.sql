{{ newest_versions('contact_identifiers') }}

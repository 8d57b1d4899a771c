{{ newest_versions('refunds') }}

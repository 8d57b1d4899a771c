{{ newest_versions('erasure_requests') }}

{{ newest_versions('coupons') }}

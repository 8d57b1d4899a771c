"""Headers of the exports the simulator writes (a test holds them to `contracts/`)."""

COLUMNS: dict[str, tuple[str, ...]] = {
    export: tuple(names.split())
    for export, names in {
        "channels": "channel_code channel_name domain category is_paid pricing_model started_on monthly_budget",
        "ad_stats": "stat_date channel_code campaign_id keyword impressions clicks cost currency updated_at",
        "touches": "touch_id occurred_at channel_code campaign_id touchpoint contact_id phone email unionid"
        " device_id updated_at",
        "orders": "order_id contact_id phone unionid device_id status placed_at paid_at gross_amount discount_amount"
        " shipping_amount paid_amount currency sales_channel channel_code store_id courier_id group_id coupon_id"
        " updated_at",
        "order_lines": "order_id line_no sku quantity unit_price line_amount updated_at",
        "refunds": "refund_id order_id line_no amount refunded_at reason updated_at",
        "products": "sku product_name category subcategory brand list_price unit_cost replenishment_days launched_on",
        "fx_rates": "rate_date currency rate",
        "reviews": "review_id order_id sku contact_id rating created_at updated_at",
        "contacts": "contact_id phone email unionid external_userid device_id nickname gender birth_year city"
        " city_tier registered_at source_channel_code referrer_contact_id store_id community_id sms_consent"
        " email_consent wechat_consent app_push_consent weibo_consent deleted_at updated_at",
        "staff": "staff_id staff_name role store_id new_consumer_target",
        "friendships": "staff_id contact_id added_at add_way channel_code first_reply_at deleted_at updated_at",
        "groups": "group_id group_name kind owner_staff_id store_id community_id created_at",
        "group_members": "group_id contact_id joined_at join_way inviter_contact_id left_at updated_at",
        "stores": "store_id store_name city latitude longitude opened_on",
        "communities": "community_id community_name city latitude longitude households store_id courier_id",
        "campaigns": "campaign_id campaign_name scenario starts_on ends_on offer budget target_audience",
        "pushes": "push_id campaign_id contact_id medium sent_at delivered_at opened_at clicked_at unsubscribed_at"
        " updated_at",
        "coupons": "coupon_id contact_id campaign_id face_value issued_at expires_at redeemed_at order_id updated_at",
        "points": "entry_id contact_id occurred_at points reason updated_at",
        "memberships": "contact_id plan level effective_at expires_at updated_at",
        "events": "event_id contact_id device_id occurred_at event_type sku campaign_id updated_at",
    }.items()
}

REQUIRED_DELTAS = ("contacts", "orders", "order_lines")

"""The relations that scoring reads and writes, with their types."""

import numpy as np
import pyarrow as pa

# Read.
NODES = "build.int_identity_nodes"
EDGES = "build.int_identity_edges"
BUYERS = "build.int_buyers_numbered"  # columns: userops.algorithms.value.BUYER
PURCHASES = "build.int_purchases_numbered"  # columns: userops.algorithms.interests.PURCHASE
PRODUCTS = "build.int_products_numbered"
CATEGORIES = "build.int_categories_numbered"
CHANNEL_MOVES = "build.int_attribution_edges"
INVITERS = "build.int_referral_inviters"

# Identifiers that link, numbered from 0 in the order in which they were first seen, and which two one row carries.
NODE = np.dtype([("node", "i4")])
EDGE = np.dtype([("node_a", "i4"), ("node_b", "i4")])
PRODUCT = np.dtype([("sku_no", "i4"), ("category_no", "i4")])
CATEGORY = np.dtype([("category_no", "i4"), ("replenishment_days", "i4")])
# Channels are numbered from 1. A move comes from 0 (the start) or a channel, and goes to a channel, 0 (the conversion)
# or null (lost); `paths` counts it.
MOVE = np.dtype([("from_channel", "i4"), ("to_channel", "i4"), ("paths", "i8")])
# Users who invited or were invited, numbered from 0 in the order acquired; null: invited by nobody.
INVITER = np.dtype([("user_no", "i4"), ("inviter_no", "i4")])


# Written, all to `build`.
def _schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


COMPONENTS = _schema(node=pa.int32(), root=pa.int32())
USER_VALUES = _schema(
    user_no=pa.int32(),
    p_alive=pa.float64(),
    expected_orders_90d=pa.float64(),
    expected_orders_365d=pa.float64(),
    expected_net_per_order=pa.float64(),
)
VALUE_MODELS = _schema(
    model=pa.string(),
    parameter=pa.string(),
    value=pa.float64(),
    log_likelihood=pa.float64(),
    users=pa.int32(),
    holdout_predicted=pa.float64(),
    holdout_actual=pa.float64(),
    note=pa.string(),
)
INTERESTS = _schema(
    user_no=pa.int32(),
    category_no=pa.int32(),
    rank=pa.int32(),
    score=pa.float64(),
    because_no=pa.int32(),
    because_days=pa.int32(),
)
INTEREST_QUALITY = _schema(method=pa.string(), users=pa.int32(), hits=pa.int32())
EFFECTS = _schema(channel=pa.int32(), effect=pa.float64())
FOREST = _schema(
    user_no=pa.int32(),
    inviter_no=pa.int32(),
    depth=pa.int32(),
    direct=pa.int32(),
    indirect=pa.int32(),
    levels_below=pa.int32(),
    ring_users=pa.int32(),
)

"""The Delta Sharing door: the open protocol's read side, over the files of the releases.

Follows PROTOCOL.md of delta-io/delta-sharing. A port `orders.orders.v1` is the table `v1` in the
schema `orders` of the share `orders`.
"""

"""Products: what the shop sells, in which role, and by which of its own codes (商品)."""

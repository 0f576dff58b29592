"""What people tell the shop, and what a person of the shop is to see to (受信箱): surveys and what comes of them."""

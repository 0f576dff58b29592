"""Setting up a shop: small screens one after the other, each of which can be skipped and found again."""

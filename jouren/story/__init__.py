"""The owner's story (店主のものがたり): why this shop, for whom, what it believes, in the owner's own words."""

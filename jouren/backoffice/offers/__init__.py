"""Offers and coupons in the back office."""

"""Orders and subscriptions in the back office: lists, an order's page, and what staff write down themselves."""

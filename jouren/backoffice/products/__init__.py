"""Products in the back office: their list by role, their pages, and codes of orders that mean nothing yet."""

"""Customers' voices in the back office: what waits first, one voice with what the law says of it, the decision."""

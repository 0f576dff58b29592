"""Customers' voices (お客様の声): asked for, permitted, approved by a person, shown."""

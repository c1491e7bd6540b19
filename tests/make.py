"""Makers: how a test gets a function, a monitor, an incident. Each goes through the services, as the product does."""

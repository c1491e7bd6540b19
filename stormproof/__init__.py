"""Stormproof keeps an online shop operating through disruption."""

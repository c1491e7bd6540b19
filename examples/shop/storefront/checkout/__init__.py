"""Oscar's checkout with our payments in it."""

"""Pages of incidents, what people do on them, and the link in a page."""

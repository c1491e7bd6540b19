"""What the shop is: functions, assets, suppliers, sites, what depends on what, objectives, revenue."""

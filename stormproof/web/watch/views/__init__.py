"""The pages of `watch`: monitors, their charts, and the address that jobs ping."""

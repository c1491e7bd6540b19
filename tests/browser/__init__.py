"""Real Chromium on the real pages."""

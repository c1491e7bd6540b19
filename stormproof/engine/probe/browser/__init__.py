"""Journeys in a real browser, each in a process of its own that can be killed, behind a proxy that judges addresses."""

from stormproof.engine.probe.browser.pool import BrowserPool
from stormproof.engine.probe.browser.script import BrowserCheck, BrowserStep

__all__ = ["BrowserCheck", "BrowserPool", "BrowserStep"]

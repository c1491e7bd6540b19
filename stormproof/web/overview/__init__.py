"""The overview: what matters now, across all stages."""

from stormproof.web.shell import Page, Stage

STAGE = Stage(
    name="Overview",
    url="overview",
    icon="layout-dashboard",
    rank=0,
    permission="",
    key="o",
    pages=(Page(name="Settings", url="settings", icon="settings", note="Everything that can be set"),),
)

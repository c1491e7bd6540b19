"""Customers: what they are told, by whom, and who asked for mails."""

from collections.abc import Iterable

from stormproof.core.actor import Actor
from stormproof.inform import selectors
from stormproof.web.shell import Found, Page, Stage


def find_notices(actor: Actor, words: str) -> Iterable[Found]:
    """Notices by title."""
    for notice in selectors.notices_for(actor).filter(title__icontains=words)[:8]:
        url = f"/customers/notices/{notice.pk}/"
        yield Found(url=url, name=notice.title, what="Notice to customers", state=notice.state, icon="speakerphone")


STAGE = Stage(
    name="Customers",
    url="customers",
    icon="speakerphone",
    rank=50,
    permission="inform.read",
    key="c",
    pages=(
        Page(name="Public status page", url="status", note="What customers see", icon="world"),
        Page(name="Subscribers", url="subscribers", permission="inform.read", icon="mail"),
    ),
    settings=(
        Page(
            name="Status page",
            url="status-settings",
            permission="inform.write",
            note="What it shows and who lets notices out",
            icon="world",
        ),
    ),
    search=find_notices,
    count=selectors.waiting_notices,
)

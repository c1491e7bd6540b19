"""Reviews: what was learned, who does what about it."""

from collections.abc import Iterable

from stormproof.core.actor import Actor
from stormproof.core.clock import now
from stormproof.review import selectors
from stormproof.web.shell import Found, Page, Stage


def find_reviews(actor: Actor, words: str) -> Iterable[Found]:
    """Reviews by the title of their incident."""
    for review in selectors.reviews_for(actor).filter(incident__title__icontains=words)[:8]:
        url = f"/reviews/{review.incident.number}/"
        yield Found(url=url, name=str(review), what="Review", state=review.state, icon="report-search")


def count_overdue(actor: Actor) -> int:
    """How many actions are late."""
    return selectors.actions_overdue(actor, today=now().date()).count()


STAGE = Stage(
    name="Review",
    url="reviews",
    icon="report-search",
    rank=70,
    permission=selectors.READ,
    key="r",
    pages=(
        Page(name="Actions", url="actions", permission=selectors.READ, icon="checklist", note="What is to be done"),
    ),
    search=find_reviews,
    count=count_overdue,
)

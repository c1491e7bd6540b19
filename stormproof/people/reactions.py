"""What `people` does with facts from below: the admins learn that the system itself needs a hand."""

from __future__ import annotations

from datetime import datetime

from stormproof.core.facts import ReactionParked, on
from stormproof.people.services import page_admins


@on(ReactionParked)
def page_admins_when_a_reaction_is_parked(fact: ReactionParked, *, at: datetime) -> None:
    """Tell every admin on every channel: something the loop should have done was set aside."""
    page_admins(
        subject=f"Stormproof set a reaction aside: {fact.fact_name}",
        text=(
            f"The reaction {fact.reaction} to {fact.fact_name} failed on every try and was set aside.\n"
            "Nothing else waits for it, but what it should have done has not happened.\n"
            "Look at it and try it again on the System page: Settings, System."
        ),
        path="/system/",
        key=f"parked:{fact.parked_id}",
        at=at,
    )

"""The stop switch: no run starts a new effect while it is set."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from stormproof.core.actor import Actor
from stormproof.core.facts import tell
from stormproof.core.refusals import Refused
from stormproof.recover.choices import RunState
from stormproof.recover.facts import EffectsAllowed, EffectsStopped
from stormproof.recover.models import Run, StopSwitch
from stormproof.recover.services.runs import wake


class CannotSwitch(Refused):
    """The switch is as asked already, or no reason was given."""


@transaction.atomic
def stop_effects(*, reason: str, actor: Actor, at: datetime) -> None:
    """Keep every run from starting a new effect, at once and everywhere; what is at work ends as it does."""
    actor.require("recover.run")
    _switch(True, reason=reason, actor=actor, at=at)
    tell(EffectsStopped(reason=reason), at=at, actor=actor)


@transaction.atomic
def allow_effects(*, reason: str, actor: Actor, at: datetime) -> None:
    """Release the switch; the runs it held go on."""
    actor.require("recover.run")
    _switch(False, reason=reason, actor=actor, at=at)
    tell(EffectsAllowed(reason=reason), at=at, actor=actor)
    for run in Run.objects.select_for_update().filter(state=RunState.HELD):
        Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING)
        wake(run)


def _switch(is_set: bool, *, reason: str, actor: Actor, at: datetime) -> None:
    if not reason.strip():
        raise CannotSwitch("say why", field="reason")
    StopSwitch.objects.get_or_create(id=1)
    switch = StopSwitch.objects.select_for_update().get(id=1)
    if switch.is_set == is_set:
        raise CannotSwitch(
            f"effects are {'stopped' if is_set else 'allowed'} already, by {switch.changed_by or 'nobody'}"
        )
    switch.is_set, switch.reason, switch.changed_by, switch.changed_at = is_set, reason, actor.name, at
    switch.save()

"""The sections of continuity.yaml that respond owns: who is paged, and how incidents are run."""

from stormproof.respond.document.incidents import (
    IncidentsSection,
)
from stormproof.respond.document.paging import (
    PagingSection,
    PagingShape,
)
from stormproof.respond.document.schedules import (
    ScheduleShape,
    SchedulesSection,
)

__all__ = [
    "IncidentsSection",
    "PagingSection",
    "PagingShape",
    "ScheduleShape",
    "SchedulesSection",
]

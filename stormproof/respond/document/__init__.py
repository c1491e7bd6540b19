"""The sections of continuity.yaml that respond owns."""

from stormproof.respond.document.paging import PagingSection, PagingShape
from stormproof.respond.document.schedules import ScheduleShape, SchedulesSection

__all__ = ["PagingSection", "PagingShape", "ScheduleShape", "SchedulesSection"]

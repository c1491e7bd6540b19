"""The only writers of respond: one act each, in one transaction."""

from stormproof.respond.services.acknowledging import CannotAcknowledge, acknowledge_by_link, acknowledge_incident
from stormproof.respond.services.alerts import close_alert, open_alert
from stormproof.respond.services.drills import CannotExpectDrill, end_drill, expect_drill
from stormproof.respond.services.incidents import (
    CannotChangeSeverity,
    CannotDeclareIncident,
    CannotHandOver,
    CannotMitigateIncident,
    CannotResolveIncident,
    change_severity,
    declare_incident,
    hand_over,
    mitigate_incident,
    resolve_incident,
    resolve_what_has_settled,
)
from stormproof.respond.services.paging import hand_page_to_next_channel, mark_page_sent, page_the_next
from stormproof.respond.services.policies import (
    CannotSetPagingPolicy,
    drop_paging_policies,
    set_paging_policy,
    set_paging_webhooks,
)
from stormproof.respond.services.procedures import (
    CannotRunForIncident,
    seconds_of_doubt,
    start_automatic_procedures,
    start_procedure,
)
from stormproof.respond.services.roles import (
    CannotAssignRole,
    CannotRecordQualification,
    assign_role,
    drop_qualification,
    end_role,
    record_qualification,
    take_command,
)
from stormproof.respond.services.severities import CannotSetSeverities, set_severities
from stormproof.respond.services.timeline import (
    CannotAddNote,
    CannotEditEntry,
    add_note,
    edit_entry,
    pin_entry,
    write_timeline,
)
from stormproof.respond.services.work import (
    CannotAddTask,
    CannotFinishTask,
    add_task,
    assign_task,
    finish_task,
    remind_of_tasks,
)

__all__ = [
    "CannotAcknowledge",
    "CannotAddNote",
    "CannotAddTask",
    "CannotAssignRole",
    "CannotChangeSeverity",
    "CannotDeclareIncident",
    "CannotEditEntry",
    "CannotExpectDrill",
    "CannotFinishTask",
    "CannotHandOver",
    "CannotMitigateIncident",
    "CannotRecordQualification",
    "CannotResolveIncident",
    "CannotRunForIncident",
    "CannotSetPagingPolicy",
    "CannotSetSeverities",
    "acknowledge_by_link",
    "acknowledge_incident",
    "add_note",
    "add_task",
    "assign_role",
    "assign_task",
    "change_severity",
    "close_alert",
    "declare_incident",
    "drop_paging_policies",
    "drop_qualification",
    "edit_entry",
    "end_drill",
    "end_role",
    "expect_drill",
    "finish_task",
    "hand_over",
    "hand_page_to_next_channel",
    "mark_page_sent",
    "mitigate_incident",
    "open_alert",
    "page_the_next",
    "pin_entry",
    "record_qualification",
    "remind_of_tasks",
    "resolve_incident",
    "resolve_what_has_settled",
    "seconds_of_doubt",
    "set_paging_policy",
    "set_paging_webhooks",
    "set_severities",
    "start_automatic_procedures",
    "start_procedure",
    "take_command",
    "write_timeline",
]

"""The only writers of respond: one act each, in one transaction."""

from stormproof.respond.services.acknowledging import CannotAcknowledge, acknowledge_by_link, acknowledge_incident
from stormproof.respond.services.alerts import close_alert, open_alert
from stormproof.respond.services.deliveries import forget_old_deliveries
from stormproof.respond.services.drills import CannotExpectDrill, end_drill, expect_drill
from stormproof.respond.services.external_alerts import (
    CannotSilence,
    acknowledge_alerts,
    create_silence,
    end_alerts,
    end_silence,
    end_silences,
)
from stormproof.respond.services.handling import handle_deliveries
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
from stormproof.respond.services.integrations import (
    CannotSetIntegration,
    change_integration,
    create_integration,
    reprocess_deliveries,
    rotate_integration_key,
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
from stormproof.respond.services.routing import CannotSetRouting, RoutingShape, read_routing, set_routing
from stormproof.respond.services.severities import CannotSetSeverities, set_severities
from stormproof.respond.services.telling_groups import end_what_was_not_sent_again, tell_due_groups
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
    "CannotSetIntegration",
    "CannotSetPagingPolicy",
    "CannotSetRouting",
    "CannotSetSeverities",
    "CannotSilence",
    "RoutingShape",
    "acknowledge_alerts",
    "acknowledge_by_link",
    "acknowledge_incident",
    "add_note",
    "add_task",
    "assign_role",
    "assign_task",
    "change_integration",
    "change_severity",
    "close_alert",
    "create_integration",
    "create_silence",
    "declare_incident",
    "drop_paging_policies",
    "drop_qualification",
    "edit_entry",
    "end_alerts",
    "end_drill",
    "end_role",
    "end_silence",
    "end_silences",
    "end_what_was_not_sent_again",
    "expect_drill",
    "finish_task",
    "forget_old_deliveries",
    "hand_over",
    "hand_page_to_next_channel",
    "handle_deliveries",
    "mark_page_sent",
    "mitigate_incident",
    "open_alert",
    "page_the_next",
    "pin_entry",
    "read_routing",
    "record_qualification",
    "remind_of_tasks",
    "reprocess_deliveries",
    "resolve_incident",
    "resolve_what_has_settled",
    "rotate_integration_key",
    "seconds_of_doubt",
    "set_paging_policy",
    "set_paging_webhooks",
    "set_routing",
    "set_severities",
    "start_automatic_procedures",
    "start_procedure",
    "take_command",
    "tell_due_groups",
    "write_timeline",
]

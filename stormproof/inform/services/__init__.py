"""The only writers of inform: one act each, in one transaction."""

from stormproof.inform.services.drafting import CannotWriteNotice, draft_notice, redraft_notice, write_version
from stormproof.inform.services.history import refresh_history
from stormproof.inform.services.mailing import mail_subscribers
from stormproof.inform.services.page import CannotSetStatusPage, set_components, set_status_page, show_drill_publicly
from stormproof.inform.services.publishing import (
    CannotPublishNotice,
    CannotWithdrawNotice,
    catch_up_with_incidents,
    keep_updates_coming,
    publish_due_notices,
    publish_notice,
    reopen_notice,
    resolve_notice,
    widen_due_notices,
    widen_notice,
    withdraw_notice,
)
from stormproof.inform.services.subscribing import (
    CannotSubscribe,
    ask_to_subscribe,
    check_confirm_link,
    check_leave_link,
    confirm_subscription,
    forget_stale_subscriptions,
    leave_subscription,
    remove_subscriber,
)

__all__ = [
    "CannotPublishNotice",
    "CannotSetStatusPage",
    "CannotSubscribe",
    "CannotWithdrawNotice",
    "CannotWriteNotice",
    "ask_to_subscribe",
    "catch_up_with_incidents",
    "check_confirm_link",
    "check_leave_link",
    "confirm_subscription",
    "draft_notice",
    "forget_stale_subscriptions",
    "keep_updates_coming",
    "leave_subscription",
    "mail_subscribers",
    "publish_due_notices",
    "publish_notice",
    "redraft_notice",
    "refresh_history",
    "remove_subscriber",
    "reopen_notice",
    "resolve_notice",
    "set_components",
    "set_status_page",
    "show_drill_publicly",
    "widen_due_notices",
    "widen_notice",
    "withdraw_notice",
    "write_version",
]

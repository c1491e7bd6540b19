"""Addresses of sign-in, the settings of people, and the links that are mailed."""

from allauth.account.urls import urlpatterns as account_urls
from django.urls import URLPattern, URLResolver, include, path

from stormproof.web.people.views import entry, me, others

NOT_OURS = {"account_email", "account_confirm_email", "account_confirm_login_code"}  # addresses change by invitation

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include([url for url in account_urls if url.name not in NOT_OURS])),
    path("accounts/mfa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("set-up/<str:token>/", entry.set_up, name="set-up"),
    path("invitation/<str:token>/", entry.accept_invitation, name="invitation"),
    path("contact/<str:token>/", entry.verify_contact, name="contact"),
    path("settings/profile/", me.profile, name="profile"),
    path("settings/contact-points/", me.add_contact_point, name="add-contact-point"),
    path("settings/contact-points/<int:id>/verify/", me.verify_again, name="verify-contact-point"),
    path("settings/contact-points/<int:id>/up/", me.move_contact_point, name="move-contact-point"),
    path("settings/contact-points/<int:id>/remove/", me.remove_contact_point, name="remove-contact-point"),
    path("settings/tokens/", me.tokens, name="tokens"),
    path("settings/tokens/new/", me.new_token, name="new-token"),
    path("settings/tokens/<int:id>/revoke/", me.revoke_token, name="revoke-token"),
    path("settings/people/", others.people, name="people"),
    path("settings/people/invite/", others.invite, name="invite"),
    path("settings/people/<int:id>/", others.person, name="person"),
    path("settings/people/<int:id>/roles/", others.set_roles, name="set-roles"),
    path("settings/people/<int:id>/off/", others.switch_off, name="switch-off"),
    path("settings/people/<int:id>/on/", others.switch_on, name="switch-on"),
    path("settings/people/<int:id>/invite/", others.invite_again, name="invite-again"),
    path("settings/people/<int:id>/reset-factors/", others.reset_factors, name="reset-factors"),
    path("settings/teams/", others.teams, name="teams"),
    path("settings/teams/new/", others.new_team, name="new-team"),
    path("settings/teams/<slug:slug>/", others.team, name="team"),
    path("settings/teams/<slug:slug>/retire/", others.retire_team, name="retire-team"),
]

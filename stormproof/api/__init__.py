"""The door for programs: `/api/v1`, typed, with OpenAPI and a docs page.

To give an app its routes, write `api/<app>.py` after the pattern of `api/people.py`:

- `router = Router(tags=["<app>"])`, schemas that end in `In` and `Out`, one selector or one service a route;
- `request: Request` carries `request.actor`; pass it on, selectors and services decide who may;
- a list returns a queryset under `@paginate` and `response=list[XOut]`; the answer is `{"items": [...], "count": n}`;
- raise nothing yourself: `Refused` becomes 422 with the field and the way out, `NotAllowed` 403, `NotFound` 404;
- then add one line to `ROUTERS` in `api/urls.py`.

A route without a token or session answers 401 by itself; use `auth=None` only for what strangers may see.
"""

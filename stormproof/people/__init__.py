"""Who: users, teams, roles, contact points, sign-in, API tokens. Decides who may do what."""

"""Pages of people: links from mails, one's own settings, people and teams, tokens."""

"""Tells people outside of what needs them: made of the journal's events, so that no run waits for it.

`kinds` says which event is worth telling, `outbox` writes notices in the transaction that remembers
the event, `notifier` sends them channel by channel, `webhook`, `mail` and `syslog` are the channels.
"""

"""The console: attaches to the service, shows what it says, and sends operators' verbs to it.

`opening.run_console` is the only entry. Workers do all I/O and post messages; the handlers of
`app` own the `store`; one tick carries what changed to the screens. Keys are data: `actions`.
"""

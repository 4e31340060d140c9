"""The service's messages and its client: all that consoles and commands know of the product.

`client.Client` carries a `requests.Request` to the service over a unix socket and brings back the
reply that the request's type names, or the very DRConsoleError that the service met.
"""

"""CoSERV: asking for reference values and endorsements, and being answered (draft-ietf-rats-coserv-07, of July 2026).

==============  ===================================================================================
`query`         queries and results as values: bytes and base64url in, values out, and back
`answering`     a registry's answer to a query, signed where there is a key
`discovery`     what a service says of itself at ``/.well-known/coserv-configuration``
==============  ===================================================================================

The HTTP around it (``GET …/{query}``) is not here.
"""

"""Sign-in through another site by OpenID Connect: what is asked of it, and what is believed of its answers.

The authorization code flow with PKCE. Knows nothing of pages or accounts: a code goes in, somebody who is vouched for
comes out. `settings` reads what the operator says, `claims` holds what is checked, `asking` sends the requests and
`provider` does the one after the other.
"""

"""The hub: what is known about sustainable infrastructure, as records of one graph.

Knows what an entry may hold, how entries hang together, how they are found, compared, recommended and cited, and what
is missing between them. Knows neither files nor the network.
"""

"""What is fetched from the network, with a cache and with manners. Knows nothing of what it is for."""

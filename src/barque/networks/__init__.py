"""Networks, endpoints, addresses, NAT."""

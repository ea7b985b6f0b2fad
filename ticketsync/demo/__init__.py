"""`ticketsync dev`: the whole service in one process on loopback, and the support day that its `--demo` plays."""

"""What `make dist` has built, installed and used; see `make distcheck`."""

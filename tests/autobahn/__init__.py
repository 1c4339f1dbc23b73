"""The programs that the Autobahn suite is run against; see `make autobahn`."""

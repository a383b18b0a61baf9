"""The status page: how fno-link stands, for people; and the same as a feed and as badges."""

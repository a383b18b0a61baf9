"""Circuit breakers: a target that is down gets a trial now and then instead of every delivery."""

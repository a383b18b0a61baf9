"""What goes on, or begins anew, after it was parked, dead-lettered or delivered."""

"""Networks of users, as torch modules."""

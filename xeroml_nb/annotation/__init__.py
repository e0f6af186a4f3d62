"""Labels by people: what to show, what to ask, what comes next, where it is stored."""

"""Calendar dates, moments, and the order of day and month."""

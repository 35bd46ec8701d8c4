"""Assets by layer: landing, std, link, gold, mart, publish."""

"""What all types of value do with text: trimming, folding, telling placeholders."""

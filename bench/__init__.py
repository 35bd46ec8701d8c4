"""Speed, memory and quality of the chain, beside bare Splink; `python -m bench` prints tables with versions."""

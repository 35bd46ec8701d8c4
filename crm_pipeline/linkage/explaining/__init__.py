"""Why linking said what it said: a pair's weight taken apart, and the link that holds a customer together.

Everything here reads the published matching index, the stored model and the links; nothing here decides.
"""

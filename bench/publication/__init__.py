"""How long publication to PostgreSQL takes, beside a plain COPY of the same rows."""

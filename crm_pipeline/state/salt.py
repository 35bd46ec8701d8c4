"""The secret that pseudonyms of masked editions are made with: made once, the same for all editions of a project.

Belongs here: the file. Does not belong here: what it is used for (`publish.masks`).

    masks/salt.json     readable by its owner only; whoever has it can find out which pseudonym a guessed key has
"""

from __future__ import annotations

import secrets
from pathlib import Path

from crm_pipeline.state.files import read_json, write_json

_BYTES = 32


def salt_of(state: Path) -> str:
    """The salt of the project whose `state/` this is; made when there is none, which changes all pseudonyms."""
    file = state / "masks" / "salt.json"
    if not file.exists():
        write_json(file, {"salt": secrets.token_hex(_BYTES)})
    return str(read_json(file)["salt"])

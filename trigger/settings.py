"""``trigger.json``: how the trigger around the network is set."""

from __future__ import annotations

from pathlib import Path

import msgspec

from streams.errors import UserError
from trigger.frontend import FrontEndConfig


class TriggerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of front end and decision.

    Attributes
    ----------
    front_end : settings of the front end.
    threshold : smallest score of a trigger record, as an integer on the grid of the network's output.

    >>> TriggerSettings(threshold=5).front_end.shift
    5
    """

    front_end: FrontEndConfig = FrontEndConfig()
    threshold: int


def write(settings: TriggerSettings, path: Path) -> None:
    """Write ``settings`` as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")


def read(path: Path) -> TriggerSettings:
    """Read settings.

    Raises
    ------
    UserError : no such file, not JSON of this form, or a value out of range.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=TriggerSettings)
    except OSError as error:
        raise UserError(f"cannot read trigger settings {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"trigger settings {path}: {error}: train the model again") from error

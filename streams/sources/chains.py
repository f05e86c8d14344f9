"""Decay chains: which members of a chain are simulated, and how often each decays.

Members that send out an alpha and nothing else are left out: in a solid it never reaches the argon. What a member's
daughter does within microseconds belongs to the member's own event (214Po to 214Bi, 212Po to 212Bi).

>>> [(member.nuclide, member.branching) for member in CHAINS["Rn220"]]
[('Pb212', 1.0), ('Bi212', 1.0), ('Tl208', 0.3594)]
"""

from __future__ import annotations

from typing import NamedTuple


class Member(NamedTuple):
    """One nuclide of a chain in equilibrium."""

    nuclide: str
    branching: float = 1.0  # decays per decay of the chain's head (ICRP-107)


_THORON = (Member("Pb212"), Member("Bi212"), Member("Tl208", 0.3594))
_LEAD = (Member("Pb210"), Member("Bi210"), Member("Po210"))

#: The chains by name.
CHAINS: dict[str, tuple[Member, ...]] = {
    "U238": (
        Member("Th234"), Member("Pa234m"), Member("Ra226"), Member("Pb214"), Member("Bi214"),
        Member("Pb210"), Member("Bi210"),
    ),
    "Th232": (Member("Ra228"), Member("Ac228"), Member("Ra224"), *_THORON),
    "Rn220": _THORON,
    "Pb210": _LEAD,
}  # fmt: skip

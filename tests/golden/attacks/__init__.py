"""Hostile submissions: what each one tries, and the score and the status that it must get.

An attack is a whole submission. It is written against a `World`: things that lie about for it, so that success shows. Where
its files name `@SECRET_FILE@`, `@OPEN_FOLDER@`, `@RESULTS@` or `@PORT@`, the place in this world is put in.

Should every layer fail, an attack still does no harm: it starts at most 50 processes, each of which ends by itself within half
a minute, takes at most 1.5 GB of memory, writes at most 50 MB, and connects to this machine alone.
"""

from tests.golden.attacks.attack import CANARY, REACHED, Attack, World, filled, forms
from tests.golden.attacks.channel import CHANNEL
from tests.golden.attacks.intake import INTAKE
from tests.golden.attacks.limits import LIMITS
from tests.golden.attacks.reports import REPORTS
from tests.golden.attacks.secrets import SECRETS
from tests.golden.attacks.tools import TOOLS
from tests.golden.attacks.verdict import VERDICT

SECTIONS: dict[str, dict[str, Attack]] = {
    "Tampering with the verdict": {**VERDICT, **TOOLS},
    "Reading secrets": SECRETS,
    "Escaping limits": LIMITS,
    "The data channel": CHANNEL,
    "Intake": INTAKE,
    "Reports": REPORTS,
}
ATTACKS: dict[str, Attack] = {name: attack for section in SECTIONS.values() for name, attack in section.items()}
assert len(ATTACKS) == sum(map(len, SECTIONS.values())), "an attack hides another of its name"

__all__ = ["ATTACKS", "CANARY", "REACHED", "SECTIONS", "Attack", "World", "filled", "forms"]

"""What is made and what must be said of it: a kind of tampering, a kind of legitimate variation."""

from collections.abc import Callable
from dataclasses import dataclass

from tamper.edits import Edit
from tamper.genuine.form import Genuine


@dataclass(frozen=True, slots=True)
class Fitted:
    """An edit for which the genuine software is asked for something besides its tree."""

    make: Callable[[Genuine], Edit]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of tampering. What it changes follows from its edit; what is right to say of it is written here, before any run."""

    id: str
    subject: str
    """Name of the genuine software it is made from."""

    what: str
    """What is done, a few words."""

    edit: Edit | Fitted

    right: tuple[str, ...]
    """Ids of the effects of which one must be named: what it does. Two only where the vocabulary has two names for one thing."""

    also: tuple[str, ...] = ()
    """Ids of effects that are true of it too; any other that is named counts as wrong."""

    owned: bool = False
    """Whether the class's policy lets an owner do that: then GENUINE with the effect named is right, and TAMPERED is not."""

    remark: str = ""
    """Why something about it was changed after a first run; empty where nothing was."""

    def edit_of(self, genuine: Genuine) -> Edit:
        """Return the edit of this genuine software's tree."""
        return self.edit.make(genuine) if isinstance(self.edit, Fitted) else self.edit


@dataclass(frozen=True, slots=True)
class Variation:
    """One kind of legitimate variation: it may not be TAMPERED or COUNTERFEIT, nor have a finding of high severity."""

    id: str
    subject: str
    what: str
    edit: Edit = dict
    packing: str = ""
    """Name of another way in which the subject is packed; empty for its own."""

    remark: str = ""

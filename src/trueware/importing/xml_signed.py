"""Who vouches for an XML document that carries a signature over all the rest of it (`trueware.signatures.xml_signature`)."""

from trueware.importing.contract import Context
from trueware.importing.vouching import Word, vouched
from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.refusal import Refusal
from trueware.signatures.xml_signature import verify_enveloped
from trueware.signatures.xml_text import Element

_SCHEME = "xml-signature"


def word_of(root: Element, context: Context) -> Word:
    """Return whose word a document is.

    Raises:
        UntrustedStatement: its signature is broken, or by a key that must not be believed.
    """
    try:
        signer = verify_enveloped(root)
    except Refusal as refusal:
        return vouched((Signature(_SCHEME, "", refusal.outcome, refusal.detail),), (), context)
    if signer is None:
        return vouched((), (), context)
    signature = Signature(_SCHEME, "", Outcome.VALID, "the whole document", signer, Coverage(whole=True))
    return vouched((signature,), (), context)

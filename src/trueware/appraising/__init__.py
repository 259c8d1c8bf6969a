"""The second main use case: evidence of a device in service in, an appraisal out; and all that is known of one device as a case.

One module for each type of evidence takes its pieces, has them verified, and asks the registry what is genuine; what that means is
concluded by `trueware.appraisal.live`.
"""

from trueware.appraising.appraise import appraise
from trueware.appraising.fleet import Fleet
from trueware.appraising.wish import Wish

__all__ = ["Fleet", "Wish", "appraise"]

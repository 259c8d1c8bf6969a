"""What tampered software costs a population: open inputs with their sources in, an interval for each stakeholder out.

`study` says what a study consists of, `distribution` what is known of one input, `reading` how both are written down,
`simulate` what follows from them. `simulate` alone needs NumPy, so that nothing else waits for it.
"""

from trueware.impact.distribution import Beta, Constant, Distribution, Pert, observed
from trueware.impact.estimate import Estimate, Interval, Outcome, Share
from trueware.impact.reading import read_study
from trueware.impact.study import Input, Population, Scenario, Study

__all__ = [
    "Beta",
    "Constant",
    "Distribution",
    "Estimate",
    "Input",
    "Interval",
    "Outcome",
    "Pert",
    "Population",
    "Scenario",
    "Share",
    "Study",
    "observed",
    "read_study",
]

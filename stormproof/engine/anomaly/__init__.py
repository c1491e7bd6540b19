"""Finds that too few orders come in or too few attempts succeed: what is normal, and how surprising a minute is."""

from stormproof.engine.anomaly.baseline import (
    MINUTES_OF_WEEK,
    WEEKS,
    RatioModel,
    VolumeModel,
    fit_ratio,
    fit_volume,
    level_factor,
    minutes_of_week,
)
from stormproof.engine.anomaly.judging import (
    PAGE_ALPHA,
    TICKET_ALPHA,
    UPPER_ALPHA,
    fires,
    high_volume,
    low_ratio,
    low_volume,
)
from stormproof.engine.anomaly.reading import Loss, change_point, worst_slices
from stormproof.engine.anomaly.tails import (
    beta_binomial_tail,
    negative_binomial_tail,
    negative_binomial_upper_tail,
    usual_range,
)
from stormproof.engine.anomaly.windows import WINDOWS, window_sums

__all__ = [
    "MINUTES_OF_WEEK",
    "PAGE_ALPHA",
    "TICKET_ALPHA",
    "UPPER_ALPHA",
    "WEEKS",
    "WINDOWS",
    "Loss",
    "RatioModel",
    "VolumeModel",
    "beta_binomial_tail",
    "change_point",
    "fires",
    "fit_ratio",
    "fit_volume",
    "high_volume",
    "level_factor",
    "low_ratio",
    "low_volume",
    "minutes_of_week",
    "negative_binomial_tail",
    "negative_binomial_upper_tail",
    "usual_range",
    "window_sums",
    "worst_slices",
]

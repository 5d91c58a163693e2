"""NIQE and BRISQUE features, transcribed from the papers in NumPy and SciPy, block by block."""

import numpy as np
from scipy.ndimage import correlate1d
from scipy.special import gamma

SHAPES = np.arange(200, 10_001) / 1000
OFFSETS = np.arange(-3, 4)
WINDOW = np.exp(-(OFFSETS**2) / (2 * (7 / 6) ** 2))
WINDOW /= WINDOW.sum()


def smooth(x, mode):
    return correlate1d(correlate1d(x, WINDOW, 0, mode=mode), WINDOW, 1, mode=mode)


def normalised(image, mode):
    mean = smooth(image, mode)
    deviation = np.sqrt(np.abs(smooth(image**2, mode) - mean**2))
    return (image - mean) / (deviation + 1), deviation


def asymmetric(x):
    left, right = np.sqrt(np.mean(x[x < 0] ** 2)), np.sqrt(np.mean(x[x > 0] ** 2))
    skew = left / right
    ratio = np.mean(np.abs(x)) ** 2 / np.mean(x**2)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    table = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
    return SHAPES[np.argmin((table - ratio) ** 2)], left, right


def symmetric(x):
    ratio = np.mean(x**2) / np.mean(np.abs(x)) ** 2
    table = gamma(1 / SHAPES) * gamma(3 / SHAPES) / gamma(2 / SHAPES) ** 2
    return SHAPES[np.argmin((table - ratio) ** 2)], np.mean(x**2)


def widths(shape, left, right):
    factor = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return left * factor, right * factor


def mean(shape, left, right):
    low, high = widths(shape, left, right)
    return (high - low) * gamma(2 / shape) / gamma(1 / shape)


def products(x):
    return [x * np.roll(x, shift, (0, 1)) for shift in ((0, 1), (1, 0), (1, 1), (1, -1))]


def niqe_features(block):
    """Returns the 18 features of a block of coefficients."""
    shape, left, right = asymmetric(block)
    features = [shape, sum(widths(shape, left, right)) / 2]
    for product in products(block):
        fit = asymmetric(product)
        features += [fit[0], mean(*fit), *widths(*fit)]
    return np.array(features)


def brisque_features(image):
    """Returns the 18 features of an image at one size."""
    coefficients, _ = normalised(image, "constant")
    features = list(symmetric(coefficients))
    for product in products(coefficients):
        shape, left, right = fit = asymmetric(product)
        features += [shape, mean(*fit), left**2, right**2]
    return np.array(features)


def niqe_distance(features, centre, covariance):
    difference = features.mean(0) - centre
    both = (np.cov(features, rowvar=False) + covariance) / 2
    return np.sqrt(difference @ np.linalg.pinv(both) @ difference)

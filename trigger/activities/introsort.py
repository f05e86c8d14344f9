"""The order into which GNU's ``std::sort`` brings equal keys, which DUNE's makers lean on without knowing.

``std::sort`` is not stable: with more than 16 elements, TPs of one channel come out in an order that depends on the
steps of the sort. The steps, as libstdc++ (GCC 4.7 to 14) takes them: quick sort around the median of the second, the
middle and the last element, until parts have at most 16 elements or, after twice log2(n) levels, heap sort; then one
insertion sort over all.

>>> keys = np.zeros(20, np.int64)
>>> sorted_order(keys, np.arange(20)).tolist()
[10, 19, 18, 17, 16, 15, 14, 13, 12, 11, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1]
"""

from __future__ import annotations

import numpy as np

from streams.compiled import Integers, compiled

SMALL = 16  # elements, from which on parts are left to the insertion sort


@compiled
def _sift(keys: Integers, order: Integers, base: int, hole: int, size: int, value: int) -> None:
    """Put ``value`` into the heap ``order[base : base + size]`` at ``hole``: down to a leaf, then up."""
    top, child = hole, hole
    while child < (size - 1) // 2:
        child = 2 * (child + 1)
        if keys[order[base + child]] < keys[order[base + child - 1]]:
            child -= 1
        order[base + hole] = order[base + child]
        hole = child
    if size % 2 == 0 and child == (size - 2) // 2:
        child = 2 * (child + 1)
        order[base + hole] = order[base + child - 1]
        hole = child - 1
    parent = (hole - 1) // 2
    while hole > top and keys[order[base + parent]] < keys[value]:
        order[base + hole] = order[base + parent]
        hole = parent
        parent = (hole - 1) // 2
    order[base + hole] = value


@compiled
def _heap_sort(keys: Integers, order: Integers, low: int, high: int) -> None:
    size = high - low
    for parent in range((size - 2) // 2, -1, -1):
        _sift(keys, order, low, parent, size, order[low + parent])
    for last in range(size - 1, 0, -1):
        value = order[low + last]
        order[low + last] = order[low]
        _sift(keys, order, low, 0, last, value)


@compiled
def _median_to(keys: Integers, order: Integers, low: int, high: int) -> None:
    """Exchange element ``low`` with the median of the second, the middle and the last."""
    a, b, c = low + 1, low + (high - low) // 2, high - 1
    ka, kb, kc = keys[order[a]], keys[order[b]], keys[order[c]]
    if ka < kb:
        median = b if kb < kc else (c if ka < kc else a)
    else:
        median = a if ka < kc else (c if kb < kc else b)
    order[low], order[median] = order[median], order[low]


@compiled
def _cut(keys: Integers, order: Integers, low: int, high: int) -> int:
    """Part ``low:high`` around its first element and return where the right part begins."""
    _median_to(keys, order, low, high)
    pivot = keys[order[low]]
    left, right = low + 1, high
    while True:
        while keys[order[left]] < pivot:
            left += 1
        right -= 1
        while pivot < keys[order[right]]:
            right -= 1
        if left >= right:
            return left
        order[left], order[right] = order[right], order[left]
        left += 1


@compiled
def _insert_all(keys: Integers, order: Integers) -> None:
    """Sort by insertion, stable."""
    for i in range(1, len(order)):
        value, hole = order[i], i
        while hole > 0 and keys[value] < keys[order[hole - 1]]:
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = value


@compiled
def sorted_order(keys: Integers, given: Integers) -> Integers:
    """Return the indexes ``given`` sorted by their keys, equal keys in the order of GNU's ``std::sort``."""
    order = given.copy()
    levels = 0
    while (len(order) >> (levels + 1)) > 0:
        levels += 1
    parts = np.empty((64, 3), np.int64)  # low, high, levels left: right parts still to do
    parts[0] = 0, len(order), 2 * levels
    waiting = 1
    while waiting > 0:
        waiting -= 1
        low, high, left = parts[waiting, 0], parts[waiting, 1], parts[waiting, 2]
        while high - low > SMALL:
            if left == 0:
                _heap_sort(keys, order, low, high)
                break
            left -= 1
            cut = _cut(keys, order, low, high)
            parts[waiting] = cut, high, left
            waiting += 1
            high = cut
    _insert_all(keys, order)
    return order

"""Two files of trigger primitives: what is the same, what is not, and why.

``rows`` reads a file, ``facts`` looks at it once as a whole, ``feed`` gives its TPs in the order of time, ``matching``
pairs them, ``causes`` says why a pair differs or a TP is alone, ``tally`` counts, ``comparison`` runs all of it.
"""

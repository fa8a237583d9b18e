"""Compares fairtrial's text scorers with sacrebleu, rouge-score, NLTK, jsonschema, IFEval's
verifiers (lm-eval), pytrec_eval and scikit-learn on generated texts.

The texts are made from a seed: eight languages, numbers, prices, contractions, abbreviations,
HTML entities, lists, JSON, emoji, empty and very long ones, and each has perturbed copies as
references. Requests go to internal/tools/scores, which runs the Go package as it is. A
deliberate difference is asserted, not skipped. A file of scoring/ a family. Usage: scorers.py BINARY [--table]
"""

import sys

from scoring.compare import finish
from scoring.ifeval import ifeval
from scoring.overlap import mt, rouge, words
from scoring.ranks import retrieval
from scoring.structure import structure, xml
from scoring.trials import abstention, trials

if __name__ == "__main__":
    mt()
    rouge()
    words()
    structure()
    retrieval()
    trials()
    abstention()
    ifeval()
    xml()
    finish(sys.argv[2:])

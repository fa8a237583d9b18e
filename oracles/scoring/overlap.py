"""BLEU, chrF, TER, ROUGE, words and edits."""

import collections
import json
import re
import string
import types

import nltk
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF, TER

from scoring.compare import ask, each, failures
from scoring.texts import RNG, WORDS, pairs, perturb, text


def corpus_metric(name, spec, sentence_metric, corpus, cases, by_set=True):
    nrefs = len(cases[0]["references"])

    def check(row, spec, cases, answer):
        for i, (c, s) in enumerate(zip(cases, answer["scores"])):
            row.same(s["value"], sentence_metric.sentence_score(c["output"], c["references"]).score / 100, f"sentence {i} {json.dumps(c, ensure_ascii=False)[:300]}")
        streams = [[c["references"][j] for c in cases] for j in range(nrefs)]
        want = corpus.corpus_score([c["output"] for c in cases], streams)
        row.same(answer["corpus"], want.score / 100, "corpus")
        ours = dict(x.split(":", 1) for x in answer["signature"].split("|"))
        theirs = dict(x.split(":", 1) for x in str(corpus.get_signature()).split("|"))
        for k in ours:
            if k not in ("version", "nrefs") and ours[k] != theirs[k]:
                failures.append(f"{name}: signature {answer['signature']}, sacrebleu {corpus.get_signature()}")
    ask(name, "sacrebleu, sentences and corpus", spec, cases, check)


def mt():
    for nrefs in (1, 3):
        few = pairs(300, nrefs)
        several = f", {nrefs} references" if nrefs > 1 else ""
        for tok in ("13a", "intl", "zh", "char", "none"):
            corpus_metric(f"bleu tokenize={tok}{several}", {"type": "bleu", "tokenize": tok}, BLEU(tokenize=tok, effective_order=True), BLEU(tokenize=tok), few)
        for smooth, value in (("exp", None), ("floor", None), ("floor", 0.5), ("add-k", None), ("add-k", 2), ("none", None)):
            spec = {"type": "bleu", "smooth": smooth, "ignore_case": True}
            if value is not None:
                spec["smooth_value"] = value
            kw = {"smooth_method": smooth, "smooth_value": value, "lowercase": True}
            corpus_metric(f"bleu smooth={smooth}{'' if value is None else f' {value}'}, ignore_case{several}", spec, BLEU(effective_order=True, **kw), BLEU(**kw), few)
        tiny = few[:3]
        corpus_metric(f"bleu of three cases{several}", {"type": "bleu"}, BLEU(effective_order=True), BLEU(), tiny)
        for spec, kw in (({"type": "chrf"}, {}), ({"type": "chrf++"}, {"word_order": 2}), ({"type": "chrf", "ignore_case": True, "whitespace": True, "char_order": 4, "word_order": 1, "beta": 3}, {"lowercase": True, "whitespace": True, "char_order": 4, "word_order": 1, "beta": 3})):
            name = " ".join([spec["type"]] + [f"{k}={v}" for k, v in spec.items() if k != "type"])
            corpus_metric(name + several, spec, CHRF(**kw), CHRF(**kw), few)
        for spec, kw in (({}, {}), ({"case_sensitive": True}, {"case_sensitive": True}), ({"no_punct": True}, {"no_punct": True}), ({"normalized": True}, {"normalized": True})):
            name = " ".join(["ter"] + [f"{k}" for k in spec])
            corpus_metric(name + several, {"type": "ter", **spec}, TER(**kw), TER(**kw), few)
    # long texts: the beam, the limits on shifts, and more symbols than a key holds
    long = []
    for _ in range(6):
        s = " ".join(text("en") for _ in range(12))
        long.append({"output": s, "references": [perturb(perturb(perturb(s)))]})
    w = [f"w{i}" for i in range(300)]
    shuffled = w[:]
    RNG.shuffle(shuffled)
    long.append({"output": " ".join(shuffled[:90]), "references": [" ".join(w[:90])]})
    long.append({"output": "a b c", "references": [" ".join(w)]})
    long.append({"output": "", "references": ["a b c"]})
    long.append({"output": "a b c", "references": [""]})
    corpus_metric("ter of long texts", {"type": "ter"}, TER(), TER(), long)
    many = []
    chars = [chr(0x4e00 + i) for i in range(3000)]
    for _ in range(5):
        RNG.shuffle(chars)
        s = "".join(chars[:2500])
        many.append({"output": s, "references": [s[:1200] + s[1300:]]})
    corpus_metric("chrf of 2,500 different characters", {"type": "chrf"}, CHRF(), CHRF(), many)


def rouge():
    cases = pairs(300, 1) + [{"output": " ".join(RNG.sample(WORDS["en"], 40)), "references": [" ".join(RNG.sample(WORDS["en"], 40))]} for _ in range(60)]
    stems = ["control", "nation", "relat", "happ", "form", "hope", "electr", "adjust", "replac", "adopt", "fizz", "fall", "hop", "tan", "y", "agre", "spy", "log", "geo", "apo", "bl", "siz", "conflat", "trill", "roll", "enj", "vil", "sens", "decis", "feud", "tr", "bab", "sk"]
    ends = ["", "s", "es", "ies", "ied", "ed", "eed", "ing", "y", "ational", "tional", "enci", "anci", "izer", "bli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator", "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "fulli", "logi", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize", "e", "ll", "sses", "ss"]
    inflected = [a + b for a in stems for b in ends]
    # Each word against each stem that NLTK gives: a wrong stem of ours shows as a missing match.
    porter = nltk.stem.porter.PorterStemmer()
    fixed = [w for w in inflected if porter.stem(porter.stem(w)) == porter.stem(w) and len(porter.stem(w)) > 3]
    cases_stem = cases + [{"output": w, "references": [porter.stem(w)]} for w in fixed]
    triple = pairs(200, 3)
    for typ, key in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL"), ("rouge_lsum", "rougeLsum"), ("rouge_n", "rouge3")):
        for stemmer in (False, True):
            scorer = rouge_scorer.RougeScorer([key], use_stemmer=stemmer)
            own = {"n": 3} if typ == "rouge_n" else {}
            for measure, field in (("f", "fmeasure"), ("precision", "precision"), ("recall", "recall")):
                if measure != "f" and stemmer:
                    continue
                name = f"{typ}{' n=3' if own else ''}{', stemmer' if stemmer else ''}{'' if measure == 'f' else ', ' + measure}"
                ask(name, "rouge-score", {"type": typ, "stemmer": stemmer, "measure": measure, **own}, cases_stem if stemmer and typ == "rouge_1" else cases,
                    each(lambda c, s=scorer, k=key, f=field: getattr(s.score(c["references"][0], c["output"])[k], f)))
            ask(f"{typ}{' n=3' if own else ''}{', stemmer' if stemmer else ''}, 3 references", "rouge-score score_multi", {"type": typ, "stemmer": stemmer, **own}, triple,
                each(lambda c, s=scorer, k=key: s.score_multi(c["references"], c["output"])[k].fmeasure))


def squad(s):
    s = "".join(ch for ch in s.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())


def token_f1(o, r):
    a, b = squad(o).split(), squad(r).split()
    if not a or not b:
        return float(a == b)
    same = sum((collections.Counter(a) & collections.Counter(b)).values())
    if not same:
        return 0.0
    p, q = same / len(a), same / len(b)
    return 2 * p * q / (p + q)


def words():
    cases = pairs(300, 2)
    cases += [{"output": c["output"].upper() + " the", "references": [c["output"]]} for c in cases[:100]]
    own = "SQuAD v1.1's evaluation written out in Python"
    ask("exact normalize=squad", own, {"type": "exact", "normalize": "squad"}, cases, each(lambda c: float(any(squad(c["output"]) == squad(r) for r in c["references"]))))
    ask("token_f1", own, {"type": "token_f1"}, cases, each(lambda c: max(token_f1(c["output"], r) for r in c["references"])))
    one = pairs(250, 1)
    edit = lambda c: nltk.edit_distance(c["output"], c["references"][0])
    ask("levenshtein", "NLTK edit_distance", {"type": "levenshtein"}, one, each(edit))
    ask("edit_similarity", "NLTK edit_distance", {"type": "edit_similarity"}, one,
        each(lambda c: 1 - edit(c) / max(len(c["output"]), len(c["references"][0])) if c["output"] or c["references"][0] else 1.0))
    ask("gleu", "NLTK sentence_gleu", {"type": "gleu"}, one, each(lambda c: float(nltk.translate.gleu_score.sentence_gleu([c["references"][0].split()], c["output"].split()))))
    # METEOR without WordNet's synonyms: exact matches and Porter stems
    none = types.SimpleNamespace(synsets=lambda word: [])
    meteor = lambda c, **kw: max(nltk.translate.meteor_score.single_meteor_score(r.split(), c["output"].split(), wordnet=none, **kw) for r in c["references"])
    ask("meteor", "NLTK meteor_score, no synonyms", {"type": "meteor"}, cases, each(meteor))
    ask("meteor alpha=0.5 beta=1.5 gamma=0.2", "NLTK meteor_score, no synonyms", {"type": "meteor", "alpha": 0.5, "beta": 1.5, "gamma": 0.2}, cases, each(lambda c: meteor(c, alpha=0.5, beta=1.5, gamma=0.2)))
    ask("word_count", "Python len(str.split())", {"type": "word_count"}, one, each(lambda c: len(c["output"].split())))
    ask("length", "Python len", {"type": "length"}, one, each(lambda c: len(c["output"])))
    ask("contains ignore_case", "Python in, lower", {"type": "icontains", "value": "THE {{w}}"}, [{**c, "vars": {"w": "Model"}} for c in one], each(lambda c: float("the model" in c["output"].lower())))
    for p in (r"\d+(\.\d+)?%?", r"^\S+ the", r"(?i)MODEL.*questions", r"[.!?]$"):
        ask(f"regex `{p}`".replace("|", "\\|"), "Python re.search", {"type": "regex", "value": p}, [c for c in one if c["output"].isascii() and not c["output"].endswith("\n")], each(lambda c, p=p: float(bool(re.search(p, c["output"])))))

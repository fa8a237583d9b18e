"""Writes promptfoo configurations whose assertions cover every type that is carried, for
scripts/promptfoo.sh: promptfoo's own echo provider answers with the variable `output`.

usage: promptfoo.py FOLDER"""

import itertools
import json
import pathlib
import random
import sys

TEXTS = [
    "Paris", "paris", " Paris ", "The capital of France is Paris.", "The capital of France is paris", "It is Paris, of course.",
    "the cat sat on the mat", "The cat sat on the mat", "a cat is on the mat", "the the the the", "one", "two words", "Größe und Straße",
    "naïve café", "日本の首都は東京です", "emoji 👩‍💻 here", "line one\nline two\nline three", "tabs\tand  spaces", "1.0", "42", "true", "null",
    '{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}', '{"a": "x"}', "[1, 2, 3]", '"text"', '{"a": 1', 'Here it is: {"a": 1} done', 'Two: {"a": "x"} and {"a": 2}',
    "no json here", "I'm sorry, but I can't help with that.", "As an AI language model, I cannot do that", "Sure, here is the answer.",
    "a.b.c", "a+b=c", "(brackets) [and] {braces", "100% sure", "UPPER CASE TEXT", "x" * 200, "quoted \"text\" here", "comma, separated, list",
]
PLAIN = ["the cat sat on the mat", "a cat is on the mat", "the the the the", "one", "two words", "the mat sat on the cat today",
         "completely different words here", "Paris", "the capital of France is Paris", "UPPER CASE TEXT"]
SCHEMAS = [{"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}, {"type": "array", "items": {"type": "number"}},
           {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}, "additionalProperties": False}, {"type": ["string", "number"]}]


def asserts():
    """(output, assertion) pairs: positive, negative and edge cases of each type."""
    words = ["Paris", "paris", "the", "cat", "o", "ß", "東京", ".", "+", "mat", "(brackets)", "42", "line two", "\"text\""]
    for out in TEXTS:
        for kind in ["contains", "icontains", "starts-with"]:
            for w in words + [out[:3], out]:
                yield out, {"type": kind, "value": w}
        yield out, {"type": "contains", "value": 42}
        for v in [["Paris", "cat"], ["the", "mat"], "Paris, cat", '"comma, separated", list', ["nothing"], ["42", "true"], "o"]:
            for kind in ["contains-any", "icontains-any", "contains-all", "icontains-all"]:
                yield out, {"type": kind, "value": v}
        for v in [out, out.lower(), "Paris", 42, 1.0, True, {"a": 1, "b": [1, 2]}, {"a": "x"}, [1, 2, 3], "null"]:
            yield out, {"type": "equals", "value": v}
        for v in [r"^Paris$", r"[Pp]aris", r"\d+", r"^\S+ \S+$", r"cat.*mat", r"(?i)PARIS"[4:], r"line one\nline", r"\bcat\b", r"^.{5}$", r"[一-龥]", r"a\.b", r"\{\"a\"", r"x{200}", r"(the )+"]:
            yield out, {"type": "regex", "value": v}
        yield out, {"type": "is-json"}
        whole = out.count("{") == out.count("}")  # promptfoo mends what is cut short: see differing
        if whole:
            yield out, {"type": "contains-json"}
        for s in SCHEMAS:
            yield out, {"type": "is-json", "value": s}
            if whole:
                yield out, {"type": "contains-json", "value": s}
        yield out, {"type": "is-json", "value": "type: object\nrequired: [a]"}
        for v in [1, 2, 3, 6, "2", {"min": 2}, {"max": 3}, {"min": 2, "max": 6}, {"min": 100}]:
            yield out, {"type": "word-count", "value": v}
        for v in ["Paris", "the cat sat on the mat", "", "東京", "emoji"]:
            if v:
                yield out, {"type": "levenshtein", "value": v}
            for t in [0, 1, 10, 25]:
                if v:
                    yield out, {"type": "levenshtein", "value": v, "threshold": t}
        for t in [0, 1_000_000]:
            yield out, {"type": "latency", "threshold": t}
            yield out, {"type": "cost", "threshold": t}
        for r in ["the cat sat on the mat", "The capital of France is Paris.", ["Paris", "two words"], "line one line two"]:
            yield out, {"type": "bleu", "value": r}
            yield out, {"type": "bleu", "value": r, "threshold": 0.1}
            yield out, {"type": "gleu", "value": r}
            yield out, {"type": "gleu", "value": r, "threshold": 0.2}
    for out, ref in itertools.product(PLAIN, PLAIN):
        yield out, {"type": "rouge-n", "value": ref}
        yield out, {"type": "rouge-n", "value": ref, "threshold": 0.3}
        yield out, {"type": "bleu", "value": ref, "threshold": 0.3}


def config(tests, **more):
    return {"prompts": ["{{output}}"], "providers": ["echo"], "tests": tests, **more}


def single():
    """One assertion a test, and its negation in the next."""
    tests = []
    for out, a in asserts():
        for kind in ("", "not-"):
            tests.append({"vars": {"output": out}, "assert": [{**a, "type": kind + a["type"]}]})
    return config(tests)


def totals():
    """Tests of several assertions with weights, thresholds, names and sets."""
    rng = random.Random(5)
    pool = list(asserts())
    by_output = {}
    for out, a in pool:
        by_output.setdefault(out, []).append(a)
    tests = []
    for i in range(400):
        out = rng.choice(sorted(by_output))

        def one():
            a = dict(rng.choice(by_output[out]))
            if rng.random() < 0.3:
                a["type"] = "not-" + a["type"]
            if rng.random() < 0.5:
                a["weight"] = rng.choice([0, 0.5, 1, 2, 7])
            if rng.random() < 0.5:
                a["metric"] = rng.choice(["tone", "fact"])
            return a

        list_ = [one() for _ in range(rng.randint(1, 5))]
        if rng.random() < 0.5:
            s = {"type": "assert-set", "assert": [one() for _ in range(rng.randint(1, 4))]}
            if rng.random() < 0.7:
                s["threshold"] = rng.choice([0, 0.25, 0.5, 1])
            if rng.random() < 0.5:
                s["weight"] = rng.choice([0.5, 2])
            if rng.random() < 0.5:
                s["metric"] = "tone"
            list_.insert(rng.randint(0, len(list_)), s)
        t = {"vars": {"output": out}, "assert": list_}
        if rng.random() < 0.5:
            t["threshold"] = rng.choice([0, 0.3, 0.5, 0.9, 1])
        tests.append(t)
    return config(tests)


def structure():
    """Defaults, templates, expanded variables, scenarios, transforms, files."""
    return config(
        ["file://rows.csv", "file://lines.jsonl",
         {"vars": {"output": ["Paris", "Rome", "the cat"], "n": ["1", "2"]}, "assert": [{"type": "contains", "value": "{{output}}"}, {"type": "word-count", "value": "{{n}}"}]},
         {"vars": {"output": "x", "list": [1, 2]}, "assert": [{"type": "equals", "value": "x"}], "options": {"disableDefaultAsserts": True}},
         {"vars": {"output": " Paris "}, "assert": [{"type": "equals", "value": "Paris", "transform": "output.trim()"}, {"type": "equals", "value": "Paris"}]},
         {"vars": {"output": '{"a": {"b": "deep"}}'}, "assert": [{"type": "equals", "value": "deep", "transform": "JSON.parse(output).a.b"}]},
         {"vars": {"output": "SHOUT"}, "options": {"transform": "output.toLowerCase()"}, "assert": [{"type": "equals", "value": "shout"}]},
         {"vars": {"output": "I am {{name}}", "name": "Ada"}, "assert": [{"type": "equals", "value": "I am Ada"}]},
         {"vars": {"output": "nothing"}, "assert": [{"type": "equals", "value": "nothing{{missing}}"}]},
         {"vars": {"output": "file://text.txt"}, "assert": [{"type": "contains", "value": "file://text.txt"}, {"type": "equals", "value": "from a file"}]}],
        defaultTest={"vars": {"output": "default"}, "assert": [{"type": "not-contains", "value": "never"}], "threshold": 0.5},
        scenarios=[{"config": [{"vars": {"lang": "French"}}, {"vars": {"lang": "German"}, "assert": [{"type": "icontains", "value": "german"}]}],
                    "tests": [{"vars": {"output": "{{lang}} words"}, "assert": [{"type": "starts-with", "value": "{{lang}}"}]}, {"vars": {"output": "none"}}]}])


def differing():
    """What is defined in another way here, as docs/importers.md says."""
    tests = []
    for out, ref in itertools.product([t for t in TEXTS if t not in PLAIN], ["The capital of France is Paris.", "naïve café", "It's the cat, isn't it?"]):
        tests.append({"vars": {"output": out}, "assert": [{"type": "rouge-n", "value": ref, "threshold": 0.3}]})
    for out in TEXTS:
        tests.append({"vars": {"output": out}, "assert": [{"type": "is-refusal"}, {"type": "not-is-refusal"}]})
    for out in ["{a: 1}", "{'a': 1}", '{"a": 1,}', "text {not json} text", '```json\n{"a": 1}\n```', "[see note]", "(brackets) [and] {braces", '{"a": 1', 'x {"a": [1, 2} y', "   "]:
        tests.append({"vars": {"output": out}, "assert": [{"type": "contains-json"}, {"type": "is-json"}, {"type": "contains-json", "value": SCHEMAS[0]}]})
    for out in ["a\u00a0b", "a\u2028b", "e\u0301", "\u00e9"]:
        for a in [{"type": "regex", "value": r"a\sb"}, {"type": "regex", "value": "a.b"}, {"type": "equals", "value": "\u00e9"}]:
            tests.append({"vars": {"output": out}, "assert": [a]})
    return config(tests)


def main():
    root = pathlib.Path(sys.argv[1])
    for make in (single, totals, structure, differing):
        folder = root / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "promptfooconfig.yaml").write_text(json.dumps(make(), ensure_ascii=False, indent=1), encoding="utf-8")
    folder = root / "structure"
    (folder / "text.txt").write_text("from a file\n")
    (folder / "rows.csv").write_text(
        "output,__expected1,__expected2,__threshold,__metric,__description\n"
        'Paris,Paris,,,,plain\nIt is Paris,icontains: PARIS,"not-contains-any: Rome, ""x, y""",0.4,city,\n'
        'the cat,rouge-n(0.2): the cat sat,levenshtein(3): the mat,1,,\n"{""a"": 1}",is-json,"contains-all: ""a"", 1",,,\nx,contains:y,regex: ^x$,0,,\nPerhaps: yes,Perhaps: yes,starts-with: Per,,,\n')
    (folder / "lines.jsonl").write_text(
        '{"vars": {"output": "line"}, "assert": [{"type": "equals", "value": "line"}]}\n\n{"vars": {"output": "other"}, "assert": [{"type": "equals", "value": "line"}], "threshold": 0.5}\n')


if __name__ == "__main__":
    main()

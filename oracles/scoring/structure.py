"""JSON, its schemas, and XML."""

import json

import jsonschema

from scoring.compare import ask, each
from scoring.texts import RNG, text


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

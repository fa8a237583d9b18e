"""IFEval's verifiable instructions."""

import importlib.util
import json
import sys
import types
from pathlib import Path

import nltk
from langdetect import DetectorFactory, detect

from scoring.compare import ask, each, failures
from scoring.structure import json_value
from scoring.texts import RNG, sentence, text

DetectorFactory.seed = 0


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

"""Texts made from a seed, and perturbed copies of them."""

import random

RNG = random.Random(20261125)

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

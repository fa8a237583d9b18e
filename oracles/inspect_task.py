"""Runs small tasks with the real Inspect AI and its mock model, offline, for
scripts/inspect.sh: three epochs, a sample whose solver fails, a sample that its scorer
leaves unscored, a dictionary of scores, a cluster, a limit. Writes .eval and .json logs.

usage: inspect_task.py FOLDER [SAMPLES | small]"""

import math
import pathlib
import sys

from inspect_ai import Task, eval as run
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, PARTIAL, Score, accuracy, mean, scorer, stderr
from inspect_ai.solver import Generate, TaskState, solver

ANSWERS = ["Paris", "Rome", "It is Paris.", "", "I do not know", "Paris, the capital of France, on the Seine " * 6]


def hashed(*parts) -> int:
    n = 7
    for p in parts:
        for c in str(p):
            n = (n * 31 + ord(c)) % 1_000_003
    return n


@solver
def answer(errors: bool, name: str):
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if errors and state.sample_id == 5:
            raise ValueError("the tool broke")
        state = await generate(state)
        text = ANSWERS[hashed(name, state.sample_id, state.epoch) % len(ANSWERS)]
        state.output.completion = text
        return state

    return solve


@scorer(metrics=[accuracy(), stderr(cluster="country")])
def graded(unscored: bool):
    async def score(state: TaskState, target) -> Score:
        text = state.output.completion
        if unscored and state.sample_id == 7:
            return Score(value=math.nan, explanation="cannot be told")
        if not text:
            return Score(value=NOANSWER, answer=text)
        if target.text in text:
            return Score(value=CORRECT if len(text) < 100 else PARTIAL, answer=text)
        return Score(value=INCORRECT, answer=text)

    return score


@scorer(metrics={"length": [mean(), stderr()], "polite": [mean(), stderr()]})
def parts():
    async def score(state: TaskState, target) -> Score:
        text = state.output.completion
        return Score(value={"length": float(len(text)), "polite": 1 if "know" not in text else 0})

    return score


def outputs(model: str):
    """For ever the same words; with their usage, or Inspect would fetch a tokenizer."""
    while True:
        out = ModelOutput.from_content(model, "x")
        out.usage = ModelUsage(input_tokens=11, output_tokens=3, total_tokens=14)
        yield out


def task(n: int, errors: bool, unscored: bool, name: str) -> Task:
    data = [
        Sample(id=i + 1, input=f"What is the capital of France? ({i + 1})", target=["Paris"], metadata={"country": f"c{i % max(4, n // 3)}", "hard": i % 3 == 0})
        for i in range(n)
    ]
    return Task(dataset=MemoryDataset(data, name="capitals"), solver=answer(errors, name), scorer=[graded(unscored), parts()], name="capitals")


def small(root: pathlib.Path):
    """The log that the Go tests carry: two samples, two epochs, no tracebacks."""
    t = task(2, False, False, "small")
    run(t, model=get_model("mockllm/small", custom_outputs=outputs("mockllm/small")), epochs=2, log_dir=str(root), log_format="eval", display="none", log_model_api=False)


def main():
    root = pathlib.Path(sys.argv[1])
    if sys.argv[2:] == ["small"]:
        small(root)
        return
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    for kind, errors, unscored in (("whole", False, False), ("broken", True, True)):
        for name in ("small", "large"):
            for form in ("eval", "json"):
                run(
                    task(n, errors, unscored, name),
                    model=get_model("mockllm/" + name, custom_outputs=outputs("mockllm/" + name)),
                    epochs=3, fail_on_error=False, log_dir=str(root / kind / form / name), log_format=form, display="none", log_samples=True,
                )


if __name__ == "__main__":
    main()

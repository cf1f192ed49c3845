"""The export: llama.cpp loads the files, computes what the architecture says, and knows a tool call when it is said."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from numpy.typing import NDArray
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_embedded.engines.gguf import read_header
from ollama_embedded.engines.llama_server import LlamaServer
from tests.support.toy_models import MERGES, Reference, Weights, random_weights, serving, talking_model, vocabulary
from training.export import Quantization, export, weight_shapes
from training.model_config import CONTROL_TOKENS, DEMO, TOOL_TOKENS, TOY, ModelConfig

Serve = Callable[[tuple[Path, Path]], tuple[httpx2.Client, EmbeddedOllama]]

TOKENS = vocabulary()
CONFIG = replace(TOY, vocabulary=len(TOKENS))
# How far log-probabilities may be from numpy's; they were 0.006 and 0.04 away when this was written.
NEAR: dict[Quantization, float] = {"f16": 0.015, "q8_0": 0.1}
CALL = ('{"name":"report_shapes",', '"arguments":', '{"shapes":[', '{"color":"red",', '"shape":"circle"}', "]}}")
ARGUMENTS = {"shapes": [{"color": "red", "shape": "circle"}]}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A pair of files in, a client on its server out."""
    started: list[tuple[httpx2.Client, EmbeddedOllama]] = []

    def serve(pair: tuple[Path, Path]) -> tuple[httpx2.Client, EmbeddedOllama]:
        server = serving(pair).start()
        started.append((httpx2.Client(base_url=server.url, trust_env=False, timeout=30.0), server))
        return started[-1]

    yield serve
    for client, server in started:
        client.close()
        server.close()


def noise(seed: int) -> NDArray[np.uint8]:
    """A picture of the model's own size, so that nothing is scaled or padded."""
    size = (TOY.image_size, TOY.image_size, 3)
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def png(pixels: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def ids(text: str) -> list[int]:
    """Tokens of a text that no merge touches."""
    return [TOKENS.index(letter) for letter in text.replace("\n", "Ċ").replace(" ", "Ġ")]


@pytest.mark.parametrize("quantization", NEAR)
def test_llama_cpp_computes_what_the_architecture_says(
    tmp_path: Path, serve: Serve, quantization: Quantization
) -> None:
    # With this seed the answers begin with a letter; of half a character llama.cpp would say nothing yet.
    weights = random_weights(CONFIG, seed=12)
    client, server = serve(export(weights, CONFIG, TOKENS, MERGES, tmp_path, quantization=quantization))
    end, start, stop = 0, 1, 2
    before = [start, *ids("user\n")]
    after = [end, end, *ids("Which?"), stop, *ids("\n"), start, *ids("assistant\n")]
    for seed in range(2):
        picture = noise(seed)
        body = {
            "model": server.model,
            "messages": [{"role": "user", "content": "Which?", "images": [png(picture)]}],
            "stream": False,
            "logprobs": True,
            "top_logprobs": 20,
            "options": {"num_predict": 1},
        }
        reply = client.post("/api/chat", json=body).json()
        assert reply["prompt_eval_count"] == len(before) + CONFIG.patches + len(after)
        found = [entry["logprob"] for entry in reply["logprobs"][0]["top_logprobs"]]
        expected = np.sort(Reference(weights, CONFIG).log_probabilities(before, picture, after))[::-1]
        np.testing.assert_allclose(found, expected[: len(found)], atol=NEAR[quantization])


def test_what_is_trained_computes_the_same_and_has_the_same_weights() -> None:
    torch = pytest.importorskip("torch")
    from training.model.network import Context, Model

    weights, picture = random_weights(CONFIG), noise(0)
    model = Model(CONFIG)
    assert {name: tuple(weight.shape) for name, weight in model.state_dict().items()} == weight_shapes(CONFIG)
    model.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
    before, question = ids("user\n"), ids("Which?")
    with torch.no_grad():
        embedding = model.decoder.embedding.weight
        seen = model.look(torch.tensor(picture)[None])[1][0]
        opening = torch.cat([embedding[before], seen])
        places = torch.arange(len(question))[None]
        context = Context(len(opening), 1, torch.ones_like(places), places, model.decoder.head_width)
        hidden, _ = model.decoder(torch.cat([opening, embedding[question]])[None], context)
        found = model.decoder.logits(hidden)[0, -1].log_softmax(-1).numpy()
    expected = Reference(weights, CONFIG).log_probabilities(before, picture, question)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_matrices_are_quantised_and_nothing_else(tmp_path: Path) -> None:
    config = replace(DEMO, vocabulary=len(TOKENS))
    model, mmproj = export(random_weights(config), config, TOKENS, MERGES, tmp_path, "demo", "q8_0")
    assert (model.name, mmproj.name) == ("demo-q8_0.gguf", "demo-q8_0.mmproj.gguf")
    for path in (model, mmproj):
        for tensor in read_header(path).tensors:
            wanted = "F32" if len(tensor["shape"]) == 1 or "position" in tensor["name"] else "Q8_0"
            wanted = "F16" if tensor["name"] == "v.patch_embd.weight" else wanted
            assert tensor["type"] == wanted, tensor
    assert read_header(model).quantization == read_header(mmproj).quantization == "Q8_0"


def test_the_files_say_what_they_are(tmp_path: Path) -> None:
    model, mmproj = export(random_weights(CONFIG), CONFIG, TOKENS, MERGES, tmp_path)
    text, vision = read_header(model).metadata, read_header(mmproj).metadata
    assert text["general.license"] == vision["general.license"] == "mit"
    assert text["tokenizer.ggml.tokens"] == TOKENS
    assert text["tokenizer.ggml.token_type"] == [3] * len(CONTROL_TOKENS) + [4] * len(TOOL_TOKENS) + [1] * (
        256 + len(MERGES)
    )
    assert text["tokenizer.ggml.add_bos_token"] is False
    assert vision["clip.use_gelu"] is True
    assert vision["clip.vision.feature_layer"] == [CONFIG.vision_blocks]


def test_the_server_shows_a_model_that_sees_and_calls_tools(tmp_path: Path, serve: Serve) -> None:
    client, server = serve(export(random_weights(CONFIG), CONFIG, TOKENS, MERGES, tmp_path))
    shown = client.post("/api/show", json={"model": server.model}).json()
    assert shown["capabilities"] == ["completion", "vision", "tools"]
    assert shown["model_info"]["llama.context_length"] == CONFIG.context


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda weights: weights.pop("decoder.norm.weight"), "are missing: decoder.norm.weight"),
        (lambda weights: weights.update({"heads.count.weight": np.zeros(3)}), "no place in the files: heads.count"),
        (lambda weights: weights.update({"vision.positions": np.zeros((65, 32))}), r"shape \(65, 32\)"),
        (lambda weights: weights["vision.patch.bias"].fill(np.nan), "vision.patch.bias holds .* not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, spoil: Callable[[Weights], Any], message: str) -> None:
    weights = random_weights(CONFIG)
    spoil(weights)
    with pytest.raises(ValueError, match=message):
        export(weights, CONFIG, TOKENS, MERGES, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tokens", "config", "message"),
    [
        (TOKENS[:-1], CONFIG, f"{len(TOKENS) - 1} tokens for a vocabulary of {len(TOKENS)}"),
        (TOKENS[::-1], CONFIG, r"the first tokens must be <\|endoftext\|>"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(
    tmp_path: Path, tokens: list[str], config: ModelConfig, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        export(random_weights(config), config, tokens, MERGES, tmp_path)


async def test_texts_become_the_tokens_that_merges_make(tmp_path: Path) -> None:
    model, _ = export(random_weights(CONFIG), CONFIG, TOKENS, MERGES, tmp_path)
    server = await LlamaServer.start(model, None, context=256, parallel=1, threads=1)
    try:
        for text, pieces in {
            "he theme": ["he", "Ġthe", "m", "e"],
            "Is the": ["I", "s", "Ġthe"],
            # The merge that is listed first goes first.
            "Is this": ["I", "s", "Ġt", "h", "i", "s"],
            "<tool_call>he</tool_call><|im_end|>": ["<tool_call>", "he", "</tool_call>", "<|im_end|>"],
            "é\n": ["Ã", "©", "Ċ"],
        }.items():
            assert [TOKENS[token] for token in await server.tokens(text)] == pieces
    finally:
        await server.stop()


async def test_llama_cpp_cuts_texts_as_the_tokenizer_of_the_training_does(tmp_path: Path) -> None:
    from training.model import tokenizer

    asked = ["How many red circles are there?", 'As JSON: {"shapes":[{"color":"red"}]}', "It's  at\nthe TOP-left, 12."]
    learnt = tokenizer.learn(asked * 3, 330)
    tokens, merges = tokenizer.tokens_and_merges(learnt)
    config = replace(CONFIG, vocabulary=len(tokens))
    model, _ = export(random_weights(config), config, tokens, merges, tmp_path)
    server = await LlamaServer.start(model, None, context=256, parallel=1, threads=1)
    try:
        for text in [*asked, "<|im_start|>tool\n3<|im_end|>\n", '<tool_call>{"name":"f"}</tool_call>', "Grün — 💠?"]:
            assert await server.tokens(text) == learnt.encode(text).ids
    finally:
        await server.stop()


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


SHAPES = {"type": "array", "items": schema(color={"type": "string"}, shape={"type": "string"})}
TOOLS = [
    {"type": "function", "function": {"name": "report_shapes", "parameters": schema(shapes=SHAPES)}},
    {"type": "function", "function": {"name": "count_shapes", "parameters": schema(n={"type": "integer"})}},
]


def told(client: httpx2.Client, **more: Any) -> list[dict[str, Any]]:
    """The lines of an answer, with tools offered."""
    message = {"role": "user", "content": "Report it.", "images": [png(noise(0))]}
    body = {"model": "toy", "messages": [message], "tools": TOOLS, **more}
    reply = client.post("/api/chat", json=body)
    assert reply.is_success, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]


def test_a_call_is_taken_from_the_text(tmp_path: Path, serve: Serve) -> None:
    client, _ = serve(talking_model(tmp_path, "<tool_call>", *CALL, "</tool_call>"))
    (reply,) = told(client, stream=False)
    assert reply["message"]["content"] == ""
    assert [call["function"] for call in reply["message"]["tool_calls"]] == [
        {"index": 0, "name": "report_shapes", "arguments": ARGUMENTS}
    ]
    assert reply["done_reason"] == "stop"
    *pieces, last = told(client)
    assert not any("tool_calls" in piece["message"] for piece in pieces)
    assert last["message"]["tool_calls"][0]["function"]["arguments"] == ARGUMENTS


def test_words_are_an_answer_also_when_tools_are_offered(tmp_path: Path, serve: Serve) -> None:
    client, _ = serve(talking_model(tmp_path, "A red", " circle", "."))
    lines = told(client)
    assert [line["message"]["content"] for line in lines] == ["A red", " circle", ".", ""]
    assert not any("tool_calls" in line["message"] for line in lines)


def test_a_call_mark_without_tools_is_seen(tmp_path: Path, serve: Serve) -> None:
    client, _ = serve(talking_model(tmp_path, "Well ", "<tool_call>", "what?"))
    (reply,) = told(client, tools=[], stream=False)
    assert reply["message"]["content"] == "Well <tool_call>what?"


def test_the_client_runs_the_tool(tmp_path: Path, serve: Serve) -> None:
    _, server = serve(talking_model(tmp_path, "<tool_call>", *CALL, "</tool_call>"))
    reported: list[Any] = []

    def report_shapes(shapes: list[dict[str, str]]) -> str:
        """Report what is on the picture."""
        reported.extend(shapes)
        return f"{len(shapes)} reported"

    llm = OllamaMultiModal(model="toy", base_url=server.url)
    picture = io.BytesIO()
    draw_scene("red circle").save(picture, "PNG")
    blocks = [TextBlock(text="Report it."), ImageBlock(image=picture.getvalue())]
    tool = FunctionTool.from_defaults(report_shapes)
    answer = llm.predict_and_call([tool], ChatMessage(role="user", blocks=blocks))
    assert reported == ARGUMENTS["shapes"]
    assert answer.response == "1 reported"

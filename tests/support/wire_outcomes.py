"""What must come of every recorded exchange: one row for each file of `transcripts/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ollama_vision import errors


@dataclass(frozen=True)
class Says:
    """An answer: this text, for this reason, with this thinking and these calls."""

    text: str
    """A text that ends in an ellipsis is only the beginning."""
    reason: str = "stop"
    thinking: str = ""
    calls: Sequence[tuple[str, dict[str, Any]]] = ()
    logprobs: int = 0
    """Tokens that come with their probability."""
    length: int | None = None


@dataclass(frozen=True)
class Fails:
    """An error of exactly this class, with these words in it and these attributes."""

    error: type[errors.OllamaMultiModalError]
    words: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tells:
    """What OllamaServer makes of a side question's answer."""

    value: Any


@dataclass(frozen=True)
class Pulls:
    """A pull that ends well, after this many steps."""

    steps: int


@dataclass(frozen=True)
class NotAsked:
    """No endpoint of ours sends such a request."""

    reason: str


Outcome = Says | Fails | Tells | Pulls | NotAsked


def rows(prefixes: str, names: str, outcome: Outcome) -> dict[str, Outcome]:
    """The same outcome for each of the names under each of the prefixes."""
    return {f"{prefix}-{name}": outcome for prefix in prefixes.split() for name in names.split()}


def bad(words: str, **details: Any) -> Fails:
    return Fails(errors.BadRequestError, words, details)


def overflow(tokens: int) -> Fails:
    return Fails(
        errors.ContextOverflowError, f"{tokens:,} tokens for 2,048", {"n_prompt_tokens": tokens, "n_ctx": 2048}
    )


def broken(text: str, **details: Any) -> Fails:
    return Fails(errors.StreamInterruptedError, "broke off", {"partial_text": text, **details})


def cannot(ability: str, words: str) -> Fails:
    return Fails(errors.CapabilityError, words, {"missing": (ability,)})


CHATS = "chat rendered-chat"
GENERATES = "generate rendered-generate"
ALL = f"{CHATS} {GENERATES}"

SCENE = "A medium blue square at the top left and a medium green triangle at the bottom right."
SHAPES = '{"shapes":[{"color":"blue","shape":"square"},{"color":"green","shape":"triangle"}]}'
HELLO = "Hello! I am a tiny vision model. Please attach an image with shapes and ask me about it."
ATTACH = "Please attach an image with shapes and ask me about it."
CIRCLE = "A large red circle in the center."
PARIS = "The capital of France is Paris."
THOUGHT = "The user asks about France. Its capital is Paris."
IN_PARIS = ("get_weather", {"city": "Paris"})
IN_VIENNA_AND_WARSAW = (("get_weather", {"city": "Vienna"}), ("get_weather", {"city": "Warsaw"}))
UNREADABLE = bad("decoder refused a picture", status=400)
CUT_CALL = Fails(
    errors.AnswerCutError, 'returned invalid tool call arguments for "get_weather"', {"finish_reason": "length"}
)
KILLED = Fails(errors.ModelLoadError, "unexpected EOF", {"status": 500, "partial_text": ""})
NO_ROOM_FOR_THINKING = Fails(
    errors.EmptyResponseError,
    "its thinking used up the whole budget",
    {"thinking": "The user asks", "partial_text": "", "finish_reason": "length"},
)
NO_TOOL_CALL = Fails(errors.EmptyResponseError, "perhaps a tool call", {"finish_reason": "length"})
ONE_MODEL = "127.0.0.1:5055/library/"
GONE = Fails(errors.ModelNotFoundError, f"ollama pull {ONE_MODEL}shapes", {"status": 404})
GUARD = " ha" * 31
QUOTES = '"red \\"or\\" so"'
TOPS = "top-logprobs rendered-top-logprobs"

OUTCOMES: dict[str, Outcome] = {
    # Pictures and texts, as they should be.
    **rows(ALL, "picture picture-stream system", Says(SCENE)),
    **rows(ALL, "text text-stream", Says(HELLO)),
    **rows(ALL, "option-unknown think-false", Says(ATTACH)),
    **rows(ALL, "two-pictures", Says("There are 2 shapes.")),
    **rows(CHATS, "two-turns", Says("There are 2 green shapes.")),
    **rows(CHATS, "image-marker", Says("The circle is red.")),
    **rows(ALL, "stop", Says("A medium blue square at the top left")),
    **rows(ALL, "num-predict-1 num-predict-1-stream", Says("A", reason="length")),
    **rows(ALL, "format-json format-schema format-schema-stream", Says(SHAPES)),
    **rows(ALL, "logprobs logprobs-stream", Says(CIRCLE, logprobs=8)),
    # Answers held to one label, or to several: white space first on the native path of chat, and no backslashes there.
    **rows("const", "red-chat red-chat-stream", Says('"red"', logprobs=5)),
    **rows("const", "red-generate red-generate-stream", Says('"red"', logprobs=4)),
    **rows("const", "green-chat", Says('"green"', logprobs=4)),
    **rows("const", "green-generate", Says('"green"', logprobs=3)),
    **rows("const", "japanese-chat", Says('"いいえ"', logprobs=6)),
    **rows("const", "japanese-generate", Says('"いいえ"', logprobs=5)),
    **rows("const", "quotes-chat", Says(QUOTES, logprobs=13)),
    **rows("const", "quotes-generate", Says(QUOTES, logprobs=14)),
    **rows(
        "rendered-const",
        "red-chat red-chat-stream red-generate red-generate-stream",
        Says('"red"', logprobs=4),
    ),
    **rows("rendered-const", "green-chat green-generate", Says('"green"', logprobs=3)),
    **rows("rendered-const", "japanese-chat japanese-generate", Says('"いいえ"', logprobs=5)),
    **rows("rendered-const", "quotes-chat quotes-generate", Says(QUOTES, logprobs=14)),
    **rows("native-const", "chat chat-no-thinking", Says('"1"', logprobs=4)),
    **rows("think-const", "chat", Says(" The user asks about a ripe tomato. The colour is red.", logprobs=13)),
    **rows("think-const", "chat-no-thinking", Says('"1"', logprobs=3)),
    **rows("enum", "logprobs", Says('"red"', logprobs=5)),
    **rows("rendered-enum", "logprobs", Says('"red"', logprobs=4)),
    **rows("enum rendered-enum", "hot-logprobs", Says('"red"', logprobs=4)),
    **rows("enum rendered-enum", "one", Says('"red"')),
    **rows("enum rendered-enum", "object", Says('{"answer":"red"}')),
    **rows(TOPS, "0 1 20", Says("The circle is", reason="length", logprobs=3)),
    **rows(TOPS, "alone", Says("The circle is", reason="length")),
    **rows(TOPS, "21 50 negative", bad("top_logprobs must be between 0 and 20", status=400)),
    **rows("chat", "prefill", Says("A blue square.")),
    **rows("rendered-chat", "prefill", Says("The blue shape is a square.")),
    **rows("rendered-chat", "two-assistants", Says(ATTACH)),
    **rows("text-only", "chat chat-stream", Says("<|im_end|>\n<|im_start", reason="length")),
    **rows(
        "text-only",
        "generate generate-stream",
        Says(" the capital of the country of France. It is the largest", reason="length"),
    ),
    **rows(ALL, "load", Fails(errors.EmptyResponseError, "was asked nothing", {"finish_reason": "load"})),
    **rows(CHATS, "unload", Fails(errors.EmptyResponseError, "was asked nothing", {"finish_reason": "unload"})),
    **rows(GENERATES, "empty-prompt-picture", Fails(errors.EmptyResponseError, "was asked nothing", {})),
    # Media. What the server takes and gets wrong (half a file, EXIF) never leaves the client: see the pictures' tests.
    **rows(
        ALL,
        "media-alpha-png media-animated-gif media-cmyk-jpg media-red-circle-bmp media-red-circle-gif "
        "media-red-circle-jpg media-red-circle-ppm media-red-circle-webp",
        Says(CIRCLE),
    ),
    **rows(ALL, "media-exif6-jpg", Says(SCENE)),
    **rows(ALL, "media-grey16-png", Says("A small white star in the center.")),
    **rows(ALL, "media-truncated-jpg", Says("A small red cross in the center.")),
    **rows(
        ALL,
        "media-wide-png",
        Says("A small red square on the left, a small red square on the right and a small red square on the right."),
    ),
    **rows("chat", "media-tiny-png", Says("A large red circle at at ats. left....", reason="length", length=7816)),
    **rows("generate", "media-tiny-png", broken("A large red circle at at ats. left....")),
    **rows("rendered-chat rendered-generate", "media-tiny-png", broken(" red" * 31)),
    **rows(
        ALL,
        "media-drawing-svg media-empty media-page-pdf media-red-circle-avif media-red-circle-ico "
        "media-red-circle-tiff media-text-txt media-bad-stream",
        UNREADABLE,
    ),
    **rows(ALL, "media-animated-webp", bad("decode WebP image: webp: invalid format", status=500)),
    **rows(ALL, "data-uri", bad("illegal base64 data at input byte 4")),
    **rows(ALL, "unpadded-base64", bad("illegal base64 data at input byte 0")),
    **rows("text-only", "chat-picture chat-picture-stream", cannot("vision", "cannot see pictures")),
    **rows("text-only", "generate-picture generate-picture-stream", cannot("vision", "cannot see pictures")),
    # Too long.
    **rows("chat", "overflow overflow-truncate-false", overflow(6009)),
    **rows("rendered-chat generate rendered-generate", "overflow-truncate-false", overflow(6009)),
    **rows("chat generate", "overflow-picture overflow-picture-truncate-false", overflow(6075)),
    **rows("rendered-chat rendered-generate", "overflow-picture overflow-picture-truncate-false", overflow(6073)),
    **rows("chat", "history-truncate-false", overflow(2667)),
    **rows("rendered-chat", "history-truncate-false", overflow(2663)),
    **rows("chat", "picture-dropped-truncate-false", overflow(3992)),
    **rows("rendered-chat", "picture-dropped-truncate-false", overflow(3990)),
    # ... with truncate at the server's default, which only truncate=True brings about: cut, and nothing says so.
    **rows("rendered-chat generate rendered-generate", "overflow", broken("," * 31)),
    **rows("chat", "history-dropped", Says('{"{"{"{"{"{...', reason="length", length=5342)),
    **rows("rendered-chat", "history-dropped", broken('{"' * 31)),
    **rows("chat", "picture-dropped", Says('0 circlescolor":". blue...', reason="length", length=308)),
    **rows("rendered-chat", "picture-dropped", Says('0 circlescolor":". blue...', reason="length", length=296)),
    # Values that the server does not take.
    **rows(ALL, "format-bad", bad('invalid format: "\\"xml\\""', status=500)),
    **rows("chat generate", "format-bad-schema", bad("unrecognized type banan", status=400)),
    **rows("rendered-chat rendered-generate", "format-bad-schema", bad("JSON schema conversion failed", status=400)),
    **rows(ALL, "keep-alive-bad", bad('time: missing unit in duration "300"')),
    **rows(ALL, "option-wrong-type", bad('option "num_ctx" must be of type integer', status=500)),
    **rows(ALL, "think-bad", bad('invalid think value: "foo"')),
    **rows(CHATS, "empty-model", bad("model is required")),
    **rows("chat", "two-assistants", bad("Cannot have 2 or more assistant messages at the end")),
    **rows(ALL, "think-unsupported", cannot("thinking", "does not think")),
    **rows(CHATS, "tools-unsupported tools-stream", cannot("tools", "cannot call tools")),
    **rows(GENERATES, "suffix", cannot("insert", "does not fill in before a suffix")),
    **rows(
        "native-tools tools",
        "arguments-as-string",
        bad("Value looks like object, but can't find closing '}' symbol"),
    ),
    "empty-body": bad("missing request body"),
    "malformed-json": bad("invalid character '}'"),
    # No such model, or a damaged one.
    **rows(ALL, "missing-model", Fails(errors.ModelNotFoundError, "ollama pull no-such-model", {"status": 404})),
    **rows(GENERATES, "empty-model", Fails(errors.ModelNotFoundError, "model '' not found")),
    "model-gone": GONE,
    "projector-gone": GONE,
    "model-cut": Fails(errors.ModelLoadError, "exceeds file size", {"status": 500}),
    "projector-cut": Fails(errors.ModelLoadError, "mmproj metadata", {"status": 500}),
    "busy": Fails(errors.ServerBusyError, "maximum pending requests exceeded", {"status": 503, "transient": True}),
    # Tools.
    **rows("native-tools", "one-call one-call-stream", Says("", reason="length", calls=(IN_PARIS,) * 10)),
    **rows("native-tools", "two-calls two-calls-stream", Says("", reason="length", calls=IN_VIENNA_AND_WARSAW * 5)),
    **rows("tools", "one-call one-call-stream", Says(" ", calls=(IN_PARIS,))),
    **rows("tools", "two-calls two-calls-stream", Says(" ", calls=IN_VIENNA_AND_WARSAW)),
    **rows("native-tools", "no-call no-call-stream", Says(PARIS)),
    **rows("tools", "no-call no-call-stream", Says(f" {PARIS}")),
    **rows("native-tools", "result", Says("18 C, sunny")),
    **rows("tools", "result", Says(" 18 C, sunny")),
    **rows("native-tools", "call-cut-short call-cut-short-stream", CUT_CALL),
    **rows("tools", "call-cut-short call-cut-short-stream", NO_TOOL_CALL),
    # Thinking.
    **rows(
        "think-chat think-generate",
        "true true-stream unset unset-stream level level-stream",
        Says(PARIS, thinking=THOUGHT),
    ),
    **rows("think-chat think-generate", "false false-stream", Says(f" {PARIS}")),
    **rows("think-chat think-generate", "cut-short cut-short-stream", NO_ROOM_FOR_THINKING),
    # Answers that break off, most of them under status 200 and without a word.
    **rows("repeat-guard", "chat chat-stream", broken(GUARD)),
    **rows("repeat-guard", "generate generate-stream", broken("1" + "0" * 31)),
    **rows(GENERATES, "raw", broken('t":"":". atsquaresquare square...')),
    **rows("runner-killed", "native-chat rendered-chat generate", KILLED),
    "runner-killed-sending": Fails(errors.ModelLoadError, "unexpectedly stopped", {"died": True, "transient": False}),
    **rows(
        "runner-killed",
        "waiting-gone waiting-refused-stream waiting-template waiting-health-stream",
        Fails(errors.ModelLoadError, "died while this request waited", {"died": True, "transient": True}),
    ),
    **rows(
        "runner-killed",
        "loading loading-stream",
        Fails(errors.ModelLoadError, "was killed while it loaded", {"died": False, "transient": True}),
    ),
    "runner-killed-native-chat-stream": broken("The ocean is a natural body of water"),
    "runner-killed-rendered-chat-stream": broken(" The long sea voyage from the Mediterranean to the"),
    "runner-killed-generate-stream": broken(" The long sea voyage from the Mediterranean to"),
    "server-killed-stream": Fails(
        errors.StreamInterruptedError,
        "cut in the middle of the answer",
        {"partial_text": ", you knew the difference between a good"},
    ),
    # An undocumented look into the server: no keyword of ours asks for it; if it came it would be no answer.
    **rows(ALL, "debug-render", broken("")),
    **rows(CHATS, "picture-dropped-render", broken("")),
    **rows("native-tools tools", "result-render", broken("")),
    # Side questions.
    "show-vision": Tells({"completion", "vision"}),
    "native-tools-show": Tells({"completion", "tools"}),
    "tools-show": Tells({"completion", "tools", "thinking"}),
    "text-only-show": Tells({"completion"}),
    "show-missing": Fails(errors.ModelNotFoundError, "model 'no-such-model:latest' not found", {"status": 404}),
    "projector-gone-show": Fails(errors.ModelNotFoundError, "ollama pull", {"status": 404}),
    "show-empty": bad("model is required"),
    "tags": Tells(
        {
            "shapes:latest": {"completion", "vision"},
            "gemma-native:latest": {"completion"},
            "gemma-tools:latest": {"completion", "tools", "thinking"},
            "shapes-go:latest": {"completion", "vision"},
            "gemma:latest": {"completion"},
        }
    ),
    "ps": Tells({"shapes:latest": 2048, "gemma-tools:latest": 4096, "gemma-native:latest": 4096}),
    "rendered-ps": Tells({"shapes-go:latest": 2048, "gemma-tools:latest": 4096, "gemma-native:latest": 4096}),
    "version": Tells("0.0.0"),
    "pull-small": Pulls(5),
    "pull-large": Pulls(39),
    "pull-again": Pulls(6),
    "pull-nostream": Pulls(1),
    **rows(
        "pull",
        "missing-in-registry missing-in-registry-nostream",
        Fails(errors.ModelNotFoundError, "The registry has no model '127.0.0.1:5055/library/nope'"),
    ),
    "pull-registry-down": Fails(errors.ServerError, "from the registry of models (it says: pull model manifest: Get"),
    "pull-secure-refused": Fails(errors.ServerError, "from the registry of models (it says: pull model manifest: Get"),
    **rows("pull", "unknown unknown-nostream", Fails(errors.ServerError, "no such host). Look at the network")),
    # The picture cache of llama.cpp lost a piece: the server's fault, whatever is asked.
    "picture-cache-1-two-pictures": Says("There are 2 shapes."),
    **rows(
        "picture-cache",
        "2-same-first-other-second 2-same-first-other-second-stream 3-first-alone 4-first-alone-generate "
        "6-first-alone-again 9-first-alone-still",
        Fails(errors.PictureCacheError, "not of the picture", {"status": 500}),
    ),
    "picture-cache-5-other-picture": Says("There is no circle."),
    "picture-cache-7-first-with-other-bytes": Says("The circle is red."),
    "picture-cache-8-both-with-other-bytes": Says("There is 1 shape."),
    "picture-cache-10-unload": Fails(errors.EmptyResponseError, "was asked nothing", {"finish_reason": "unload"}),
    "picture-cache-11-first-alone-after-unload": Says("The circle is red."),
    # Never asked.
    **rows(
        "cors",
        "foreign-host options-without-origin post-localhost preflight-app preflight-file preflight-foreign "
        "preflight-header-authorization preflight-header-unknown preflight-localhost preflight-loopback "
        "preflight-null preflight-tauri preflight-v1 preflight-vscode same-origin tags-app tags-file "
        "tags-foreign tags-localhost tags-loopback tags-null tags-tauri tags-vscode unknown-path",
        NotAsked("what a page in a browser may do; the embedded server is held to it"),
    ),
    **rows("head", "api-ps api-show api-tags api-version v1-models", NotAsked("no endpoint asks for a head alone")),
    **rows("slash", "get post", NotAsked("no path of ours ends in a slash")),
    **rows("case slashes", "get", NotAsked("every path that we ask for is written as Ollama writes it")),
    **rows("body", "list null trailing", NotAsked("every body that we send is one object")),
    "content-type-text": NotAsked("what we send is called JSON"),
    "key-case": NotAsked("every key that we send is in small letters"),
    **rows(
        "tool-type",
        "additional-false any-of-true description-number entry-list-null entry-no-name entry-no-type "
        "entry-type-other items-true nested parameters-empty parameters-null parameters-type-list "
        "properties-absent properties-null property-default property-enum-mixed property-required-true "
        "property-true property-type-list ref required-string",
        NotAsked("tools as core's are not written; the embedded server is held to what is taken"),
    ),
    "root": NotAsked("no endpoint asks for the server's greeting"),
    "head-root": NotAsked("no endpoint asks for the server's greeting"),
    "status": NotAsked("no endpoint asks whether the cloud is on"),
    "unknown-path": NotAsked("every path that we ask for is one of Ollama's; a proxy's 404 is in the fault table"),
    "wrong-method": NotAsked("chat is always POSTed; a proxy's 405 is in the fault table"),
}

"""What users of 69a8470 import and of 1.0 have pickled is there under the same names."""

from __future__ import annotations

import base64
import pickle
import zlib
from importlib import import_module
from typing import Any

import pytest

import llama_index.multi_modal_llms.ollama as package
import ollama_embedded
from llama_index.multi_modal_llms.ollama import OllamaMultiModal, OllamaServer, PictureReader
from ollama_vision import errors as errors_of_the_engine

NAMES = (
    *("Description", "Found", "FoundFile", "ImageDescriber", "ImageOptions", "OllamaMultiModal", "OllamaServer"),
    *("OllamaMultiModalError", "PictureReader", "PreparedImage", "aprepare_image", "errors", "prepare_image"),
)
ERRORS = (
    *("AnswerCutError", "AuthenticationError", "BadReplyError", "BadRequestError", "CapabilityError"),
    *("ConnectionFailedError", "ContextOverflowError", "DeadlineError", "EmptyResponseError", "ForbiddenError"),
    *("ImageError", "ImageFetchError", "MediaTooLargeError", "MissingExtraError", "ModelLoadError"),
    *("ModelNotFoundError", "OllamaMultiModalError", "RunStoppedError", "ServerBusyError", "ServerError"),
    *("SilenceTimeoutError", "StreamInterruptedError", "StructuredOutputError"),
)
EMBEDDED = (
    *("EmbeddedOllama", "Ending", "Gate", "Pause", "Piece", "Recorder", "Reply", "ScriptedEngine", "Shape"),
    *("ToolCall", "draw_scene"),
)
FAULTS = (
    *("CutStream", "ErrorLine", "NextLine", "NoDone", "OnlyThinking", "SlowFirstByte", "Status"),
    *("busy", "html", "overflow"),
)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("llama_index.multi_modal_llms.ollama", NAMES),
        ("llama_index.multi_modal_llms.ollama.errors", ERRORS),
        ("ollama_vision.errors", ERRORS),
        ("ollama_embedded", EMBEDDED),
        ("ollama_embedded.faults", FAULTS),
    ],
)
def test_the_names_of_before_are_there(module: str, names: tuple[str, ...]) -> None:
    there = import_module(module)
    assert [name for name in names if not hasattr(there, name)] == []
    assert set(names) <= set(getattr(there, "__all__", names))


def test_the_path_of_2024_leads_to_the_class() -> None:
    assert import_module("llama_index.multi_modal_llms.ollama.base").OllamaMultiModal is OllamaMultiModal


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_class_under_both_names(name: str) -> None:
    assert getattr(package.errors, name) is getattr(errors_of_the_engine, name)


def test_what_an_extra_is_missing_for_is_an_error_of_the_picture() -> None:
    assert issubclass(errors_of_the_engine.MissingExtraError, (errors_of_the_engine.ImageError, ImportError))
    assert issubclass(errors_of_the_engine.ImageError, ValueError)


def test_the_embedded_server_answers_what_a_script_says() -> None:
    with ollama_embedded.EmbeddedOllama(engine=ollama_embedded.ScriptedEngine("A cat.")) as server:
        said = OllamaMultiModal(model=server.model, base_url=server.url).complete("What is it?")
    assert said.text == "A cat."


def test_a_pickle_of_the_first_release_is_read() -> None:
    """Made on 30 November 2026, with llama-index-core 0.14.25; where its classes were then they must stay."""
    kept: dict[str, Any] = pickle.loads(zlib.decompress(base64.b64decode(PICKLED)))
    llm, server, reader, cut = kept["llm"], kept["server"], kept["reader"], kept["cut"]
    assert isinstance(llm, OllamaMultiModal)
    assert (llm.model, llm.base_url, llm.temperature) == ("gemma3:4b", "http://there:11434", 0.5)
    assert llm.headers == {"Authorization": "Bearer secret"}
    assert llm.image_options.max_pixels == 200_000
    assert isinstance(server, OllamaServer)
    assert server.base_url == "http://there:11434"
    assert isinstance(reader, PictureReader)
    assert reader.image_options is not None
    assert reader.image_options.pages == (1, 2)
    assert isinstance(cut, errors_of_the_engine.StreamInterruptedError)
    assert (str(cut), cut.partial_text) == ("cut", "A ca")


PICKLED = (
    "eNqNVutuHDUUTps0m9uSJqRBhYpGSIgGVVuq9leEoCGCqlkyzaXcCpXxzjhrd+dW25PNVioCJFAqWaJSzUPwFogn4BH4z0vw2TOz2VXzg/zJ+P"
    "ic4+PvfN/x/jj1+3uzE/7vmb1mJuM4seZaHNOEEpFG7LiVFLEWJMkiGhPsqlbmd1sdqpg1F+/71Y5z2nE+9qVd/8m6XDOERCLUhPjVxZDGcYeG"
    "PZLQlHaZtObq6DFhJlmr9lFV9sWtyrBTxZwm5zSNYiaVfWTNHNGShgyZc2vmQxTIQi2yVGEVsUOK4lwliDYznUKgVLc1FQvlbL/YfVt0zIKkmp"
    "FYJELjoMA01UBplpBcZkmuYVhOmFKoQhGd1dZxqPwdXOUtD1SXpUyKkBRaxMryKzh+JURYzFxxo1kuv5LFJ/DNuFLdgJwZipzNrNB5oUlOpfKV"
    "X8oHEU01ToZTV9LEdQ9orr5yih7kDEi8vlsF7Jb+O84dmRvV0R4is/KkYHJA+pLmOZOnuMy4G5NCxtYsc63zjRs3NGeSbdy8efvWbWsuuNOxOd"
    "tlSUJvbdzuoC1AFkmoLiSzdz/+p2SgeS3MUs2ONemjyKxvdz5cNIuS4WCliRYJw1Xt3Ts//1m6z0SMRrFIGapYolEkHDigaa9PZVeBJ2Ypyz0R"
    "SJGGnIU9FjnrXI+xnNBYHLnIGc1F2hNpF98NjoyOVfBqbhaaZ1I8pS4F1p8wKplcUyyUTFtlZh8r9MJj+9zMJ/SYwC4FEG2fN6tufYQzIh9+un"
    "XOLPtSSEhz2hExiob5xDTdPYVkRIku18jYFAnYRqobWPN2KTxyJBQMrRyMBnrQY+2wcM8F3K+WtVR4w+llzpWTi2MGJm7faU4CvESkOAvFt9fM"
    "9GEmE+q6Oefk1pVZkUZoXZ9DDcj8OGdd8qTAdfTAth/CHzRB2YG5kDtJOBhzqlQ/k5EzSpp2HbYLYOQRyKLEU+80LVnXgQkXiMKbllxlKiskBF"
    "wXOPHXv/NmGdrP+uCZOHLKBMGUQwX/iQvpDDRzri/+njTzznjKj48qOi3VvpJFQDbUgP9CYZYJGSoEZJMUIyowb4xYDwWLI0UUc9PrN2C4/cKs"
    "jOzXNSEOk2MaNxSHA/RwKmTSgXhZKHIIyvnOu6EGdpFSBmi0Z1/dPmTg3wX8kTtlg2/x6/wDfoVf5a0XnLjGLUD3aTqcZ5fGSeD01hIZBLU14o"
    "XWQ6/TpJdmfRD33fGYsiWtIf0GqBCM9NO2Nm15S0Uh3ntmFa5ZMdO8M57P36tVsTeqnZr7leHAr8uSpkifDnBjB1pZhjVvnVldvbtQvi8H5XLI"
    "6etnj5oGqeMun4GTxlSAcM30g/Jj+Jg0MDvQCsD75hlhw83GZvU1DJx0U4//YKZ4hqcEnHbF4JFB+12o5ysdmyLgC99Y59+fcOq0I7PjgefQzA"
    "h9g5K+/JCLdf80QTVuKlnz/v95mGvn5m5Jsf1yPT4PZlGiZEmm3exqiDSMC0yCddNgx/XnLBRTSOWG5Ak4jkmR4UJ8z0wxsAMwRgLK1/YErP1s"
    "JDff3p7YXZzg7fYa/zzgOzzg99sP+W7A99rn2ud/tXw/4AcBfxDwLwL+ZcC/8nrnXz/n33g584dDCfNvIdihPvagCQ8WVMWkzHBJTBqBXwqnPl"
    "uVz2QILM3KeD99EDq5eqCBUnIPj42URa5Z9KlP99LyP9xbh+m/gOdUC0Dr3iMwd3MtpFBB0foP2cOibg=="
)

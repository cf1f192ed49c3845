"""The engine's errors, all of them, under the class's own name."""

from __future__ import annotations

import importlib
import inspect

import llama_index.multi_modal_llms.ollama as adapter
from ollama_vision import errors


def test_every_error_has_both_names() -> None:
    defined = {
        name: each
        for name, each in vars(errors).items()
        if inspect.isclass(each) and each.__module__ == errors.__name__
    }
    assert {"ResultsError", "SidecarError"} < defined.keys()
    assert sorted(defined) == sorted(errors.__all__)
    own = importlib.import_module(f"{adapter.__name__}.errors")
    for place in (own, adapter.errors):
        assert {name: getattr(place, name, None) for name in defined} == defined
    assert sorted(own.__all__) == sorted(defined)

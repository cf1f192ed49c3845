"""ImageDescriber as an object: dumped, loaded, copied and pickled."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable

import pytest
from llama_index.core.ingestion import IngestionCache
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal


class Seen(BaseModel):
    grey: int


ways = pytest.mark.parametrize(
    "again",
    [
        lambda describer: ImageDescriber.from_dict(describer.to_dict()),
        lambda describer: ImageDescriber.from_json(describer.to_json()),
        lambda describer: ImageDescriber.from_dict(json.loads(json.dumps(describer.to_dict()))),
        lambda describer: pickle.loads(pickle.dumps(describer)),
        lambda describer: describer.model_copy(deep=True),
    ],
    ids=["dict", "json", "plain json", "pickle", "deep copy"],
)


@ways
@pytest.mark.parametrize("hosts", [1, 2])
def test_the_same_object_again(again: Callable[[ImageDescriber], ImageDescriber], hosts: int) -> None:
    llms = [OllamaMultiModal(model="m", base_url=f"http://host{number}:1") for number in range(hosts)]
    describer = ImageDescriber(
        llm=llms if hosts > 1 else llms[0],
        prompt="What is this?",
        output_cls=Seen,
        output="image",
        num_workers=7,
        on_error="keep",
        deadline=60.0,
        think="low",
        llm_kwargs={"options": {"seed": 1}},
    )
    made = again(describer)
    assert made.model_dump() == describer.model_dump()
    assert made.output_cls is Seen
    assert made.request_hash() == describer.request_hash()


def test_a_dict_is_another_each_time_and_holds_no_secret() -> None:
    describer = ImageDescriber(
        llm=OllamaMultiModal(model="m", headers={"X-Key": "secret"}), cache=IngestionCache(collection="mine")
    )
    one, other = describer.to_dict(), describer.to_dict()
    assert one != other
    assert "secret" not in str(one) + repr(describer)


def test_a_class_that_cannot_be_found_again_is_told() -> None:
    told = {**ImageDescriber(llm=OllamaMultiModal(model="m")).to_dict(), "output_cls": "tests.nowhere:Gone"}
    with pytest.raises(ValueError, match=r"tests\.nowhere:Gone.*no such class here"):
        ImageDescriber.from_dict(told)

